// Parts of a screen: elements, buttons, guesses, choices, the numbers of the leaves.

function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (value === true) element.setAttribute(name, "");
        else if (value !== false) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
}

function button(text, onclick, kind = "") {
    return make("button", { type: "button", class: kind, onclick }, text);
}

// Switch a button off; it keeps the focus, so that who works by keyboard is not thrown back.
function switched(one, isOn) {
    one.setAttribute("aria-disabled", String(!isOn));
}

// Make a place where a screen speaks: what is written there is read out.
function voice() {
    return make("div", { class: "said", role: "status", "aria-live": "polite" });
}

function speak(place, ...sentences) {
    place.replaceChildren(...sentences.filter(Boolean).map((text) => make("p", {}, text)));
}

let lastId = 0;

function labelled(text, input) {
    input.id ||= `field-${++lastId}`;
    return [make("label", { for: input.id }, text), input];
}

function numberField(attributes = {}) {
    return make("input", {
        type: "text", inputmode: "decimal", autocomplete: "off", size: 9, ...attributes,
    });
}

// Ask for a number before it is shown; `compare` is called with what was typed.
function guessForm(compare) {
    const input = numberField();
    const [label] = labelled("", input);
    const form = make("form", { class: "guess" }, label, " ", input, " ",
        make("button", { type: "submit" }, "Compare my guess"));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const number = typed(input.value);
        input.setAttribute("aria-invalid", String(Number.isNaN(number)));
        compare(number, input.value.trim());
        if (!Number.isNaN(number)) input.value = "";
    });
    return {
        form,
        ask(question) {
            form.style.visibility = question ? "visible" : "hidden";
            if (question) label.textContent = question;
        },
    };
}

// Say how a guess was: right, right to the digits that were typed, or how far off.
function judged(guess, text, number, name) {
    if (Number.isNaN(guess)) return "Type a number, such as 0.25.";
    const isNear = (a, b) => a === b || Math.abs(a - b) <= 1e-12 * Math.abs(b);
    const told = said(guess);
    if (isNear(guess, number)) return `Your guess ${told} is right.`;
    const digits = digitsOf(text);
    const isRounded = toDigits(guess, digits) === toDigits(number, digits) || Math.abs(guess - number) <= 1e-3 * Math.abs(number);
    if (isRounded) return `Your guess ${told} is close enough: it is ${said(number)}.`;
    if (isNear(-guess, number)) return `Your guess ${told} has the right size and the wrong sign: it is ${said(number)}.`;
    return `Your guess for ${name} was ${told}; it is ${said(number)}.`;
}

// Ask a question with a few answers, each a button.
function choiceOf(question, answers, choose) {
    const buttons = answers.map((answer, i) => button(answer, () => {
        buttons.forEach((one, k) => one.setAttribute("aria-pressed", String(k === i)));
        choose(i);
    }));
    const id = `question-${++lastId}`;
    return make("div", { class: "choice", role: "group", "aria-labelledby": id },
        make("p", { id, class: "question" }, question), make("div", { class: "buttons" }, ...buttons));
}

// Choose which leaf a screen is about.
function leafChoice(model, label, leaf, choose) {
    const select = make("select", { onchange: () => choose(Number(select.value)) },
        ...model.inputs.map((_, i) => make("option", { value: i, selected: i === leaf }, model.name(i))));
    return make("p", { hidden: model.inputs.length === 1 }, ...labelled(label, select));
}

// Choose what is differentiated: the result, or half of it.
function halfChoice(model) {
    const name = model.name(model.result);
    const group = `half-${++lastId}`;
    const options = [[`half the ${name}`, true], [`the whole ${name}`, false]].map(([text, isHalf]) => {
        const radio = make("input", { type: "radio", name: group, onchange() {
            model.ofHalf = isHalf;
            model.set(model.inputs);
        } });
        model.listeners.push(() => { radio.checked = model.ofHalf === isHalf; });
        radio.checked = model.ofHalf === isHalf;
        return make("label", {}, radio, ` ${text}`);
    });
    return make("fieldset", { class: "half", hidden: !LESSON.hasHalf },
        make("legend", {}, "Differentiate"), ...options,
        make("p", { class: "hint" }, LESSON.halfHint));
}

// Make a slider and a field for each leaf.
function leafControls(model) {
    return model.inputs.map((start, leaf) => {
        const name = model.name(leaf);
        const wrong = make("span", { class: "wrong", id: `wrong-${++lastId}`, role: "status" });
        const field = numberField({ "aria-label": name, "aria-describedby": wrong.id });
        const reach = 2 * Math.max(1, Math.abs(start));
        const slider = make("input", { type: "range", step: "any", "aria-label": `${name}, slider` });
        const limits = () => {
            const x = model.inputs[leaf];
            slider.min = Math.min(start - reach, x);
            slider.max = Math.max(start + reach, x);
        };
        slider.addEventListener("input", () => model.move(leaf, rounded(Number(slider.value), reach)));
        slider.addEventListener("keydown", (event) => stepped(event, model, leaf, reach / 200));
        field.addEventListener("change", () => {
            const number = typed(field.value);
            const isNumber = Number.isFinite(number);
            field.setAttribute("aria-invalid", String(!isNumber));
            wrong.textContent = isNumber ? "" : `Type a number; ${name} is still ${said(model.inputs[leaf])}.`;
            if (isNumber) model.move(leaf, number);
        });
        const refresh = () => {
            limits();
            slider.value = model.inputs[leaf];
            slider.setAttribute("aria-valuetext", shown(model.inputs[leaf]));
            if (document.activeElement !== field || typed(field.value) !== model.inputs[leaf]) {
                field.value = String(model.inputs[leaf]).replace("-", MINUS);
                field.setAttribute("aria-invalid", "false");
                wrong.textContent = "";
            }
        };
        model.listeners.push(refresh);
        refresh();
        return make("div", { class: "row" }, make("span", { class: "name" }, name), slider, field, wrong);
    });
}

// Return a number of a slider with as many digits as it can be told by.
function rounded(x, reach) {
    const step = 10 ** (Math.floor(Math.log10(reach)) - 3);
    return Number((Math.round(x / step) * step).toPrecision(6));
}

// Move by arrow keys in steps that a person would take.
function stepped(event, model, leaf, reach) {
    const sign = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!sign) return;
    event.preventDefault();
    const step = 10 ** Math.round(Math.log10(reach)) * (event.shiftKey ? 10 : 1);
    model.move(leaf, Number((model.inputs[leaf] + sign * step).toPrecision(12)));
}

// Make a table of all numbers of a graph.
function numberTable(model, graph) {
    const body = make("tbody");
    const last = make("th", { scope: "col" });
    const table = make("table", {},
        make("thead", {}, make("tr", {},
            ...["name", "computed as", "number"].map((text) => make("th", { scope: "col" }, text)), last)),
        body);
    const refresh = () => {
        const { values, grads } = model.numbers;
        const { known, graded } = graph;
        last.textContent = `derivative of ${model.subject}`;
        body.replaceChildren(...model.nodes.map(({ name, formula = "chosen" }, i) => make("tr", {},
            make("th", { scope: "row" }, name), make("td", {}, formula),
            make("td", {}, known.has(i) ? said(values[i]) : "?"),
            make("td", {}, graded.has(i) ? said(grads[i]) : "?"))));
    };
    graph.watchers.push(refresh);
    return table;
}
