// Backward: the derivatives, one by one, each the products along its edges, and their sum.

function backwardScreen(model, graph) {
    const order = model.order;
    let count = 1;
    const root = model.name(model.result);
    let verdict = "";
    const text = voice();
    const steps = make("ol", { class: "steps" });
    const guess = guessForm((number, typedText) => {
        const place = order[count];
        const told = judged(number, typedText, model.numbers.grads[place], `the derivative of ${root} in ${model.name(place)}`);
        if (Number.isNaN(number)) speak(text, told);
        else go(count + 1, told);
    });
    const next = button("Next", () => go(count + 1), "primary");
    const back = button("Back", () => go(count - 1));
    const all = button("Show all", () => go(order.length));
    const again = button("Start again", () => go(1));
    const nudged = voice();
    const nudges = model.inputs.map((_, leaf) => button(`Move ${model.name(leaf)} by 0.001`, () => nudge(leaf)));

    function go(to, told = "") {
        count = Math.max(1, Math.min(order.length, to));
        verdict = told;
        draw();
    }

    function draw() {
        drawn();
        const isEnd = count === order.length;
        speak(text, verdict, ...model.backward(order[count - 1]),
            isEnd && `That is the end: one way back has given the derivative of ${root} in every number.`);
    }

    function drawn() {
        const place = order[count - 1];
        const edges = place === model.result ? [] : model.flowing(place);
        graph.show({ graded: order.slice(0, count), node: place, edges });
        steps.replaceChildren(...order.slice(0, count).map((one) => {
            const sentences = model.backward(one);
            const parts = sentences.map((sentence) => make("li", {}, sentence));
            return make("li", {}, make("strong", {}, model.name(one)), sentences.length > 1 ? make("ul", {}, ...parts) : `: ${sentences[0]}`);
        }));
        const asked = order[count];
        guess.ask(asked === undefined ? "" : `Guess first: by how much does ${root} move per unit of ${model.name(asked)}?`);
        for (const one of [next, all]) switched(one, count < order.length);
        for (const one of [back, again]) switched(one, count > 1);
    }

    function nudge(leaf) {
        const inputs = [...model.inputs];
        inputs[leaf] += 0.001;
        const before = model.numbers.values[model.result];
        const after = model.at(inputs).values[model.result];
        const [name, number, slope] = [model.name(leaf), model.inputs[leaf], model.numbers.grads[leaf]];
        const [way, moved] = [inputs[leaf] - number, after - before];
        const isTooSmall = Math.abs(way - 0.001) > 1e-6 || !Number.isFinite(moved);
        if (isTooSmall) {
            speak(nudged, `0.001 cannot be measured at ${name} = ${said(number)} and ${root} = ${said(before)}: choose smaller numbers.`);
            return;
        }
        speak(nudged,
            `${name} moves from ${said(number)} to ${said(inputs[leaf])}, and ${root} from ${said(before)} to ${said(after)}: by ${said(moved)}.`,
            `Measured: ${said(moved)} / 0.001 ≈ ${said(moved / way)}. The derivative in ${name}: ${said(slope)}. ${nearness(moved / way, slope, name)}`);
    }

    function nearness(ratio, slope, name) {
        const [apart, size] = [Math.abs(ratio - slope), Math.max(Math.abs(ratio), Math.abs(slope))];
        if (apart <= 1e-9 * size) return "They agree.";
        if (apart <= 0.05 * size || apart <= 0.01) return "They differ a little, for 0.001 is small and not nothing.";
        return `They differ much: ${root} jumps or bends between the two numbers of ${name}.`;
    }

    return {
        id: "backward",
        title: "Backward",
        parts: [
            make("p", {}, `How does ${root} move if a number before it moves a little? The way back starts at ${root} and multiplies along each edge. What will happen?`),
            guess.form,
            make("p", { class: "buttons" }, next, back, all, again), text,
            make("h3", {}, "Measure it"),
            make("p", {}, "Move a number by 0.001 and see by how much the result moves per unit."),
            make("p", { class: "buttons" }, ...nudges), nudged,
            make("h3", {}, "The steps so far"), steps,
        ],
        enter() {
            nudged.replaceChildren();
            go(count);
        },
        refresh() {
            nudged.replaceChildren();
            go(count);
        },
    };
}
