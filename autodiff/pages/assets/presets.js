// Break it: programs whose end is to be foretold, and then watched.

// Run a program; return each of its runs with its steps.
function played(model, preset) {
    const inputs = [...model.start];
    for (const [name, number] of Object.entries(preset.numbers)) {
        inputs[model.nodes.findIndex((node) => node.name === name)] = number;
    }
    const leaf = LESSON.learns;
    return preset.rates.map((rate) => {
        let at = inputs;
        const steps = [];
        for (let i = 0; i < preset.steps; i++) {
            const one = preset.rule === "search" ? searched(model, at, leaf, rate)
                : descended(model, at, leaf, rate, LESSON.hasHalf);
            steps.push(one);
            at = one.next;
        }
        return { rate, steps, errors: steps.map((one) => one.error), label: `${rateName(preset)} ${shown(rate)}` };
    });
}

function rateName(preset) {
    return preset.rule === "search" ? "step" : "alpha";
}

function presetScreen(model, graph) {
    let runs = [];
    let preset = null;
    const text = voice();
    const place = make("div");
    const shownRuns = make("div", { hidden: true });
    const walk = make("div", { class: "field" });
    const strip = make("div", { class: "field" });
    const table = make("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "The steps of the program" });
    const root = model.name(model.result);
    const name = model.name(LESSON.learns);
    const walkDrawn = walkPlot(walk, model, () => ({
        leaf: LESSON.learns, isHalf: false,
        numbers: runs.length === 1 ? runs[0].steps.slice(0, 12).map((one) => one.number) : [model.inputs[LESSON.learns]],
    }), 1);
    const stripDrawn = errorStrip(strip, () => (runs.length ? runs : [{ label: "", errors: [1] }]), root, 1);
    const buttons = LESSON.presets.map((one) => button(one.name, () => choose(one)));

    function choose(chosen) {
        preset = chosen;
        runs = [];
        shownRuns.hidden = true;
        buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(LESSON.presets[i] === chosen)));
        const inputs = [...model.start];
        for (const [leafName, number] of Object.entries(chosen.numbers)) {
            inputs[model.nodes.findIndex((node) => node.name === leafName)] = number;
        }
        model.set(inputs);
        text.replaceChildren();
        place.replaceChildren(make("h3", {}, chosen.name), make("p", {}, chosen.about),
            choiceOf(chosen.question, chosen.choices, reveal));
    }

    function reveal(answer) {
        runs = played(model, preset);
        shownRuns.hidden = false;
        walk.hidden = runs.length > 1;
        const right = preset.choices[preset.answer];
        speak(text, answer === preset.answer ? "Right." : `Not so. The answer: ${right}.`, preset.explanation);
        shownRuns.querySelector(".hint").hidden = runs.length > 1;
        table.replaceChildren(runs.length > 1 ? endTable() : stepTable(runs[0].steps));
        walkDrawn.draw();
        stripDrawn.draw();
    }

    function stepTable(steps) {
        const rows = steps.map((one, i) => [i + 1, one.number, one.error, model.at(one.inputs).values]);
        const inner = model.computed.filter((one) => one !== model.result && /^\p{L}/u.test(model.name(one)));
        const few = rows.length > 8 ? [...rows.slice(0, 4), null, ...rows.slice(-4)] : rows;
        return tableOf(["iteration", name, root, ...inner.map((one) => model.name(one))], few.map((row) => row && [
            row[0], said(row[1]), said(row[2]), ...inner.map((one) => said(row[3][one]))]));
    }

    function endTable() {
        return tableOf([rateName(preset), `${root} in the last iteration`, "what it does"], runs.map(({ rate, errors }) => [
            shown(rate), said(errors.at(-1)), errors.at(-1) > errors[0] ? "diverges" : "learns"]));
    }

    return {
        id: "break",
        title: "Break it",
        parts: [
            make("p", {}, "Programs of the chapter, some of which fail. Choose one, say what will happen, and watch."),
            make("div", { class: "buttons list" }, ...buttons), place, text, shownRuns,
        ],
        enter() {
            if (!shownRuns.firstChild) shownRuns.append(walk,
                make("p", { class: "hint" }, "On the curve: the first 12 iterations."), strip, table);
            graph.show({ isHalf: LESSON.hasHalf });
            walkDrawn.draw();
            stripDrawn.draw();
        },
        refresh() {
            graph.show({ isHalf: LESSON.hasHalf });
            if (runs.length) {
                runs = [];
                shownRuns.hidden = true;
                speak(text, "A number was changed: choose the program again.");
            }
        },
    };
}

// Make a table; a row of null stands for those that are left out.
function tableOf(heads, rows) {
    return make("table", {},
        make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
        make("tbody", {}, ...rows.map((row) => make("tr", {}, ...(row ?? heads.map(() => "…")).map((cell, i) => (
            i ? make("td", {}, String(cell)) : make("th", { scope: "row" }, String(cell))))))));
}
