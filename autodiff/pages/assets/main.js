// The page: its models, its screens, and the way between them.

const LESSON = JSON.parse(document.getElementById("lesson").textContent);

function started() {
    const models = LESSON.models.map((data, i) => new Model(data, COMPUTE[i]));
    models[0].ofHalf = LESSON.hasHalf;
    const graphs = models.map((model, i) => new Graph(model, document.querySelector(`.graphs[data-model="${i}"]`)));
    const [model, graph] = [models[0], graphs[0]];
    const screens = [
        forwardScreen(model, graph), backwardScreen(model, graph), bowlScreen(model, graph),
        learnScreen(model, graph), ...(LESSON.presets.length ? [presetScreen(model, graph)] : []),
        { ...byHandScreen(models.at(-1), graphs.at(-1)), model: models.at(-1) },
    ];
    let current = null;
    const sections = document.getElementById("sections");
    const numbers = document.getElementById("numbers");
    const controls = models.map((one) => leafControls(one));
    const tables = models.map((one, i) => numberTable(one, graphs[i]));
    const reset = button("Reset the numbers", () => (current.model ?? model).set((current.model ?? model).start));
    numbers.querySelector(".buttons").append(reset);
    numbers.addEventListener("submit", (event) => event.preventDefault());

    screens.forEach((screen, i) => {
        screen.heading = make("h2", { tabindex: -1, id: `${screen.id}-title` }, `${i + 1}. ${screen.title}`);
        screen.section = make("section", { id: screen.id, hidden: true, "aria-labelledby": `${screen.id}-title` },
            screen.heading, ...screen.parts);
        sections.append(screen.section);
        screen.button = button(`${i + 1} ${screen.title}`, () => open(screen, true));
        document.getElementById("screens").append(make("li", {}, screen.button));
    });
    for (const one of models) {
        one.listeners.push(() => {
            if (current && (current.model ?? model) === one) current.refresh();
        });
    }

    function open(screen, isAsked) {
        current = screen;
        const shownModel = screen.model ?? model;
        for (const one of screens) {
            one.section.hidden = one !== screen;
            if (one === screen) one.button.setAttribute("aria-current", "page");
            else one.button.removeAttribute("aria-current");
        }
        graphs.forEach((one, i) => { one.element.hidden = models[i] !== shownModel; });
        const i = models.indexOf(shownModel);
        numbers.querySelector(".rows").replaceChildren(...controls[i]);
        document.querySelector("#all .wide").replaceChildren(tables[i]);
        screen.enter();
        stick();
        if (isAsked) {
            screen.heading.focus({ preventScroll: true });
            if (location.protocol !== "about:" && location.hash !== `#${screen.id}`) history.pushState(null, "", `#${screen.id}`);
        }
    }

    // The graph stays in sight where it leaves room for what is below it.
    function stick() {
        const stage = document.querySelector(".stage");
        const isSticky = stage.offsetHeight < 0.42 * innerHeight;
        stage.classList.toggle("sticky", isSticky);
        document.documentElement.style.scrollPaddingTop = isSticky ? `${stage.offsetHeight + 8}px` : "";
        const drawn = stage.querySelector(".graphs:not([hidden])");
        stage.querySelector(".more").hidden = drawn.scrollWidth <= drawn.clientWidth;
    }

    addEventListener("resize", stick);
    const asked = () => screens.find((screen) => `#${screen.id}` === location.hash) ?? screens[0];
    addEventListener("popstate", () => open(asked(), false));
    document.getElementById("box").open = innerWidth > 720;
    open(asked(), false);
}

started();
