// Predict and compare: the values, one by one, each guessed before it is shown.

function forwardScreen(model, graph) {
    let count = 0;
    const computed = model.computed;
    const text = voice();
    const steps = make("ol", { class: "steps" });
    let verdict = "";
    const guess = guessForm((number, typedText) => {
        const place = computed[count];
        const told = judged(number, typedText, model.numbers.values[place], model.name(place));
        if (Number.isNaN(number)) speak(text, told);
        else go(count + 1, told);
    });
    const next = button("Next", () => go(count + 1), "primary");
    const back = button("Back", () => go(count - 1));
    const again = button("Start again", () => go(0));
    const all = button("Show all", () => go(computed.length));

    function go(to, told = "") {
        count = Math.max(0, Math.min(computed.length, to));
        verdict = told;
        draw();
    }

    function draw() {
        const last = computed[count - 1];
        const isEnd = count === computed.length;
        const value = model.numbers.values[model.result];
        speak(text, verdict, count ? model.forward(last) : "Only the numbers that were chosen are known.",
            isEnd && `That is the end: ${model.name(model.result)} is ${said(value)}${tooLarge(value)}. The screen Backward tells how it moves.`);
        const known = [...model.inputs.keys(), ...computed.slice(0, count)];
        graph.show({ known, graded: [], node: computed[count - 1] });
        steps.replaceChildren(...computed.slice(0, count).map((place) => make("li", {}, model.forward(place))));
        const place = computed[count];
        const node = model.nodes[place];
        guess.ask(node ? `Guess first: what will ${node.name} = ${node.formula} be?${node.isTruth ? " (1 for true, 0 for false)" : ""}` : "");
        for (const one of [next, all]) switched(one, count < computed.length);
        for (const one of [back, again]) switched(one, count > 0);
    }

    return {
        id: "forward",
        title: "Predict and compare",
        parts: [
            make("p", {}, "The boxes with round corners hold numbers that are chosen. Each other box is computed from the boxes whose arrows lead into it. What will happen?"),
            guess.form,
            make("p", { class: "buttons" }, next, back, all, again), text,
            make("h3", {}, "The steps so far"), steps,
        ],
        enter: () => go(count),
        refresh: () => go(count),
    };
}

// Explain what is no usual number.
function tooLarge(x) {
    if (Number.isNaN(x)) return " (not a number: there is no such value)";
    return Number.isFinite(x) ? "" : " (too large for a number of the computer)";
}
