// Learn: steps of gradient descent, numbered, in the bowl and as errors.

// Take one step from the numbers of a model; return what happened.
function descended(model, inputs, leaf, rate, isHalf) {
    const { values, grads } = model.at(inputs);
    const slope = (isHalf ? 0.5 : 1) * grads[leaf];
    const next = [...inputs];
    next[leaf] = inputs[leaf] - rate * slope;
    return { inputs, next, leaf, rate, slope, error: values[model.result], number: inputs[leaf] };
}

// Move a number up or down by a fixed amount, to where the result is smaller.
function searched(model, inputs, leaf, rate) {
    const error = model.at(inputs).values[model.result];
    const moved = (by) => {
        const next = [...inputs];
        next[leaf] += by;
        return [next, model.at(next).values[model.result]];
    };
    const [[up, upError], [down, downError]] = [moved(rate), moved(-rate)];
    const next = downError < upError ? down : downError > upError ? up : inputs;
    return { inputs, next, leaf, rate, error, number: inputs[leaf] };
}

function stepSentence(model, step) {
    const name = model.name(step.leaf);
    const after = step.next[step.leaf];
    const sign = equals(step.number, step.rate, step.slope, after);
    return `${name} ← ${said(step.number)} ${MINUS} ${bracketed(step.rate)} × ${bracketed(step.slope)} ${sign} ${said(after)}`;
}

// Draw the curve of the result over a leaf, with numbered steps on it.
function walkPlot(parent, model, seen, first = 0) {
    return new Plot(parent, 260, () => {
        const { leaf, numbers, isHalf } = seen();
        const spread = rangeOf(numbers.slice(-60), 0.3);
        const about = model.start[leaf];
        const wide = Math.max(1, Math.abs(about));
        const range = numbers.length > 1 ? spread : [about - wide, about + 2 * wide];
        const points = curveOf(model, leaf, range, isHalf);
        if (!numbers.every(Number.isFinite)) return { problem: `No curve is drawn: ${model.name(leaf)} is too large.` };
        const at = (x) => model.slopeAt(leaf, x, isHalf).value;
        const name = model.name(model.result);
        return {
            x: range, y: heightOf(points, numbers.map(at)), xName: model.name(leaf),
            yName: isHalf ? `half the ${name}` : name,
            title: `${name} over ${model.name(leaf)}, with ${numbers.length - 1} steps`,
            marks(plot) {
                plot.curve("curve", points);
                plot.curve("walk", numbers.map((x) => [x, at(x)]));
                numbers.forEach((x, i) => {
                    const isLast = i === numbers.length - 1;
                    plot.dot(isLast ? "now" : "step", x, at(x), i < 4 || isLast ? String(first + i) : "");
                });
            },
        };
    });
}

function learnScreen(model, graph) {
    let leaf = LESSON.learns;
    let steps = [];
    let expected = null;
    const root = model.name(model.result);
    const text = voice();
    const rate = numberField({ value: "1" });
    const rateSlider = make("input", { type: "range", min: -3, max: 1, step: 0.1, value: 0, "aria-label": "alpha, slider (logarithmic)" });
    rateSlider.addEventListener("input", () => {
        rate.value = String(Number((10 ** Number(rateSlider.value)).toPrecision(2)));
        told();
    });
    rate.addEventListener("change", () => {
        const alpha = typed(rate.value);
        if (alpha > 0) rateSlider.value = Math.log10(alpha);
        told();
    });

    function told() {
        const alpha = typed(rate.value);
        rate.setAttribute("aria-invalid", String(!Number.isFinite(alpha)));
        rateSlider.setAttribute("aria-valuetext", rate.value);
        if (!Number.isFinite(alpha)) speak(text, "alpha is a number, such as 0.1.");
        return alpha;
    }
    const errors = () => [...steps.map((step) => step.error), model.numbers.values[model.result]];
    const body = make("tbody");
    const step = button("Step", () => run(1), "primary");
    const undo = button("Undo", back);
    const many = button("Run 20", () => run(20));
    const again = button("Start again", () => reset(true));
    const question = choiceOf(`Before you step: will ${root} fall or rise?`, ["fall", "rise", "stay"], (i) => { expected = i; });
    const walk = make("div", { class: "field" });
    const strip = make("div", { class: "field" });
    const walkDrawn = walkPlot(walk, model, () => ({
        leaf, isHalf: model.ofHalf, numbers: [...steps.map((one) => one.number), model.inputs[leaf]],
    }));
    const stripDrawn = errorStrip(strip, () => [{ label: "", errors: errors() }], root);
    let isStepping = false;

    function run(times) {
        const alpha = told();
        if (!Number.isFinite(alpha) || isOver()) return;
        const count = steps.length;
        const before = model.numbers.values[model.result];
        isStepping = true;
        let inputs = model.inputs;
        for (let i = 0; i < times && model.at(inputs).values.every(Number.isFinite); i++) {
            const one = descended(model, inputs, leaf, alpha, model.ofHalf);
            steps.push(one);
            inputs = one.next;
        }
        model.set(inputs);
        isStepping = false;
        const after = model.numbers.values[model.result];
        const happened = after < before ? 0 : after > before || Number.isNaN(after) ? 1 : 2;
        const verdict = expected === null ? "" : expected === happened ? "As you said." : "Not as you said.";
        expected = null;
        question.querySelectorAll("button").forEach((one) => one.removeAttribute("aria-pressed"));
        const last = stepSentence(model, steps.at(-1));
        const some = `Steps ${count + 1} to ${steps.length}. The last: ${last}`;
        const moved = `${root} ${["fell", "rose", "stayed"][happened]} from ${said(before)} to ${said(after)}.`;
        speak(text, verdict, steps.length - count > 1 ? some : `Step ${steps.length}: ${last}`,
            isOver() ? `${root} is ${said(after)}${tooLarge(after)}: the steps have diverged. Undo, or start again with a smaller alpha.` : moved);
    }

    function isOver() {
        return !model.numbers.values.every(Number.isFinite);
    }

    function back() {
        const last = steps.pop();
        if (!last) return;
        isStepping = true;
        model.set(last.inputs);
        isStepping = false;
        speak(text, `Step ${steps.length + 1} is taken back: ${model.name(leaf)} is ${said(last.number)} again.`);
    }

    function reset(isFromStart) {
        const inputs = isFromStart ? (steps[0]?.inputs ?? model.start) : model.inputs;
        steps = [];
        isStepping = true;
        model.set(inputs);
        isStepping = false;
        text.replaceChildren();
    }

    function refresh() {
        if (!isStepping && steps.length) {
            steps = [];
            speak(text, `A number was changed, or what is differentiated: the steps start anew from ${model.name(leaf)} = ${said(model.inputs[leaf])}.`);
        }
        graph.show({ isHalf: model.ofHalf });
        switched(undo, steps.length > 0);
        for (const one of [step, many]) switched(one, !isOver());
        walkDrawn.draw();
        stripDrawn.draw();
        body.replaceChildren(...steps.map((one, i) => make("tr", {},
            make("th", { scope: "row" }, String(i + 1)), make("td", {}, said(one.error)),
            make("td", { class: "sentence" }, stepSentence(model, one)))));
    }

    return {
        id: "learn",
        title: "Learn",
        parts: [
            make("p", {}, "A step moves the number against its derivative, by alpha times as much. What will happen?"),
            leafChoice(model, "Which number learns? ", leaf, (chosen) => {
                leaf = chosen;
                reset(false);
            }),
            make("p", { class: "row" }, ...labelled("alpha", rate), rateSlider),
            question,
            make("p", { class: "buttons" }, step, undo, many, again), text,
            walk, strip, make("p", { class: "hint" }, LESSON.learnsHint), halfChoice(model),
            make("details", { open: true }, make("summary", {}, "The steps, numbered"),
                make("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "The steps" }, make("table", {},
                    make("thead", {}, make("tr", {}, ...["step", `${root} before`, "the step"].map((one) => make("th", { scope: "col" }, one)))),
                    body))),
        ],
        enter: refresh,
        refresh,
    };
}
