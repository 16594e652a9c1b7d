// The bowl: the result over one number, with the slope where it is now.

// Return points of the curve of the result over a leaf.
function curveOf(model, leaf, [low, high], isHalf, count = 240) {
    return Array.from({ length: count + 1 }, (_, i) => {
        const x = low + ((high - low) * i) / count;
        return [x, model.slopeAt(leaf, x, isHalf).value];
    });
}

// Return the range of a curve, without what few extreme numbers would do to it.
function heightOf(points, extra) {
    const heights = points.map(([, y]) => y).filter(Number.isFinite).sort((a, b) => a - b);
    const cut = heights.slice(0, Math.max(1, Math.ceil(0.94 * heights.length)));
    return rangeOf([...cut, ...extra]);
}

function wayOf(slope) {
    return slope < 0 ? 0 : slope > 0 ? 1 : 2;
}

function bowlScreen(model, graph) {
    let leaf = LESSON.learns;
    let isRevealed = false;
    const name = () => model.name(leaf);
    const result = () => (model.ofHalf ? `half the ${model.name(model.result)}` : model.name(model.result));
    const text = voice();
    const start = () => model.start[leaf];
    let range = [0, 1];
    const reach = () => 3 * Math.max(1, Math.abs(start()));

    function fit() {
        const x = model.inputs[leaf];
        range = [Math.min(start() - reach() / 2, x - reach() / 4), Math.max(start() + reach(), x + reach() / 4)];
    }

    const field = make("div", { class: "field" });
    const plot = new Plot(field, 300, () => {
        const x = model.inputs[leaf];
        if (x < range[0] || x > range[1]) fit();
        const { value, slope } = model.slopeAt(leaf, x, model.ofHalf);
        const points = curveOf(model, leaf, range, model.ofHalf);
        if (!Number.isFinite(value)) {
            return { problem: `No curve is drawn: at ${name()} = ${said(x)}, ${result()} is ${said(value)}${tooLarge(value)}.` };
        }
        return {
            x: range, y: heightOf(points, [value]), xName: name(), yName: result(),
            title: `${result()} over ${name()}: ${said(value)} at ${name()} = ${said(x)}`
                + (isRevealed ? `, slope ${said(slope)}` : ""),
            marks(plot) {
                plot.curve("curve", points);
                if (isRevealed) {
                    const half = (range[1] - range[0]) / 5;
                    plot.curve("tangent", [[x - half, value - half * slope], [x + half, value + half * slope]]);
                }
                plot.dot("now", x, value);
            },
        };
    });
    field.addEventListener("pointerdown", (event) => {
        if (!field.contains(event.target)) return;
        field.setPointerCapture(event.pointerId);
        drag(event);
    });
    field.addEventListener("pointermove", (event) => {
        if (field.hasPointerCapture(event.pointerId)) drag(event);
    });

    function drag(event) {
        const [low, high] = range;
        model.move(leaf, rounded(Math.max(low, Math.min(high, plot.under(event))), high - low));
    }

    const slider = make("input", { type: "range", step: "any", class: "under" });
    slider.addEventListener("input", () => model.move(leaf, rounded(Number(slider.value), range[1] - range[0])));
    slider.addEventListener("keydown", (event) => stepped(event, model, leaf, (range[1] - range[0]) / 200));
    const [sliderLabel] = labelled("", slider);

    const question = make("div");

    function ask() {
        question.replaceChildren(choiceOf(
            `The dot wants to roll downhill. Which way does ${name()} have to go?`,
            ["to the right", "to the left", "nowhere"],
            (answer) => {
                const { slope } = model.slopeAt(leaf, model.inputs[leaf], model.ofHalf);
                isRevealed = true;
                refresh();
                speak(text, answer === wayOf(slope) ? "Right." : "Not so.", sentence());
            },
        ));
    }

    function sentence() {
        const x = model.inputs[leaf];
        const { value, slope } = model.slopeAt(leaf, x, model.ofHalf);
        const way = [
            `negative: ${result()} falls as ${name()} grows, so ${name()} goes right`,
            `positive: ${result()} grows with ${name()}, so ${name()} goes left`,
            `0: the curve is level here, and a little more or less of ${name()} changes nothing`,
        ][wayOf(slope)];
        const told = Number.isNaN(slope) ? "not a number here" : way;
        return `At ${name()} = ${said(x)}, ${result()} is ${said(value)} and its slope ${said(slope)} is ${told}.`;
    }

    function refresh() {
        sliderLabel.textContent = `Move ${name()} (arrow keys, or drag the dot)`;
        plot.draw(); // which may choose another range
        slider.min = range[0];
        slider.max = range[1];
        slider.value = model.inputs[leaf];
        slider.setAttribute("aria-valuetext", `${said(model.inputs[leaf])}, slope ${said(model.slopeAt(leaf, model.inputs[leaf], model.ofHalf).slope)}`);
        if (isRevealed) speak(text, sentence());
        graph.show(isRevealed ? { isHalf: model.ofHalf } : { graded: [] });
    }

    return {
        id: "bowl",
        title: "The bowl",
        parts: [
            leafChoice(model, "Over which number? ", leaf, (chosen) => {
                leaf = chosen;
                fit();
                ask();
                isRevealed = false;
                text.replaceChildren();
                refresh();
            }),
            question, text, field, make("div", { class: "slider" }, sliderLabel, slider),
            make("p", { class: "hint" }, LESSON.learnsHint), halfChoice(model),
        ],
        enter() {
            if (!question.firstChild) {
                fit();
                ask();
            }
            refresh();
        },
        refresh,
    };
}
