// Your own formula: what was derived by hand, compared with the program's derivatives.

// Compare a formula with the derivative in a leaf; say what is right, or what is wrong.
function compared(model, leaf, text) {
    const names = model.nodes.map((node) => node.name);
    const formula = parsed(text, names);
    const points = [model.inputs, ...LESSON.points].map((inputs) => {
        const { values, grads } = model.at(inputs);
        const at = Object.fromEntries(names.map((name, i) => [name, values[i]]));
        return { inputs, hand: formula(at), ours: grads[leaf] };
    });
    const usable = points.filter(({ ours }) => Number.isFinite(ours));
    if (!usable.length) return ["The derivative has no value at these numbers: choose others."];
    const isNear = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b), 1e-12);
    const strange = usable.filter(({ hand }) => !Number.isFinite(hand));
    if (strange.length) {
        return [`By hand has no value at ${strange.length} of ${usable.length} points, such as ${pointName(model, strange[0])}: it is ${said(strange[0].hand)} there, autodiff ${said(strange[0].ours)}.`];
    }
    const wrong = usable.filter(({ hand, ours }) => !isNear(hand, ours));
    const everywhere = `at all ${usable.length} points`;
    const [here] = points;
    const both = usable.includes(here) ? `Here, by hand ${said(here.hand)}, autodiff ${said(here.ours)}.`
        : "At the numbers that are chosen neither has a value.";
    if (!wrong.length) return [`Right ${everywhere}: at these numbers, and at random ones around them. ${both}`];
    const factor = LESSON.factors.find(([x]) => usable.every(({ hand, ours }) => isNear(hand, x * ours)));
    const isRightHere = isNear(here.hand, here.ours);
    const first = wrong[0];
    const where = pointName(model, first);
    return [
        both,
        factor ? `B${factor[1].slice(1).replace(":", ` ${everywhere}:`)}`
            : isRightHere ? `Right at these numbers, but not at others: it differs at ${wrong.length} of ${usable.length} points, such as ${where}: by hand ${said(first.hand)}, autodiff ${said(first.ours)}.`
                : `It differs at ${wrong.length} of ${usable.length} points, and is no simple multiple.`,
    ];
}

function pointName(model, { inputs }) {
    return inputs.map((x, i) => `${model.name(i)} = ${said(x)}`).join(", ");
}

function byHandScreen(model, graph) {
    const root = model.name(model.result);
    const forms = model.inputs.map((_, leaf) => {
        const name = model.name(leaf);
        const input = make("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", size: 30 });
        const text = voice();
        const form = make("form", { class: "by-hand" },
            ...labelled(`The derivative of ${root} in ${name} is `, input), " ",
            make("button", { type: "submit" }, "Compare"), text);
        const show = () => {
            try {
                speak(text, ...compared(model, leaf, input.value));
                input.setAttribute("aria-invalid", "false");
            } catch (error) {
                if (!(error instanceof FormulaError)) throw error;
                input.setAttribute("aria-invalid", "true");
                speak(text, `This cannot be read: ${error.message}.`);
            }
        };
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            show();
        });
        return { form, refresh: () => input.value && text.firstChild && show() };
    });
    const parts = model.computed.map((place) => make("li", {}, `${model.name(place)} = ${model.nodes[place].formula}`));
    const isShown = make("input", { type: "checkbox", onchange: refresh });
    function refresh() {
        graph.show(isShown.checked ? {} : { graded: [] });
        for (const { refresh: again } of forms) again();
    }

    return {
        id: "by-hand",
        title: "Derive by hand",
        parts: [
            make("p", {}, "However long the formula, there is a derivative in each of its numbers. Derive it with pencil and paper, type it, and compare."),
            make("p", { class: "formula" }, model.formula),
            make("details", {}, make("summary", {}, "Its parts, whose names may stand in what you type"),
                make("ul", { class: "formulas" }, ...parts)),
            ...forms.map(({ form }) => form),
            make("p", {}, make("label", {}, isShown, " show autodiff’s derivatives in the graph")),
        ],
        enter: refresh,
        refresh,
    };
}
