// Predict and compare: the values, one by one, each guessed before it is shown.

function forwardScreen(model, graph) {
    let count = 0;
    const computed = model.computed;
    const text = voice();
    const steps = make("ol", { class: "steps" });
    const question = make("p", { class: "question" });
    const guess = guessForm((number) => {
        const place = computed[count];
        const told = judged(number, model.numbers.values[place], model.name(place));
        if (Number.isNaN(number)) speak(text, told);
        else go(count + 1, told);
    });
    const next = button("Next", () => go(count + 1), "primary");
    const back = button("Back", () => go(count - 1));
    const again = button("Start again", () => go(0));
    const all = button("Show all", () => go(computed.length));

    function go(to, told = "") {
        count = Math.max(0, Math.min(computed.length, to));
        refresh();
        const last = computed[count - 1];
        const isEnd = count === computed.length;
        speak(text, told, count ? model.forward(last) : "Only the numbers that were chosen are known.",
            isEnd && `That is the end: ${model.name(model.result)} is ${said(model.numbers.values[model.result])}. The screen Backward tells how it moves.`);
    }

    function refresh() {
        const known = [...model.inputs.keys(), ...computed.slice(0, count)];
        graph.show({ known, graded: [], node: computed[count - 1] });
        steps.replaceChildren(...computed.slice(0, count).map((place) => make("li", {}, model.forward(place))));
        const place = computed[count];
        guess.ask(place === undefined ? "" : `Guess first: what will ${model.nodes[place].name} = ${model.nodes[place].formula} be?`);
        next.disabled = all.disabled = count === computed.length;
        back.disabled = again.disabled = count === 0;
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
        refresh,
    };
}
