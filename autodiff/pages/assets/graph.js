// The drawn graph: writes numbers, derivatives and colours into it, and what a screen emphasizes.

class Graph {
    constructor(model, element) {
        this.model = model;
        this.element = element;
        this.legend = element.parentElement.querySelector(".legend .text");
        model.listeners.push(() => this.draw());
        this.view = {};
        this.watchers = [];
    }

    get known() {
        return new Set(this.view.known ?? this.model.nodes.keys());
    }

    get graded() {
        return new Set(this.view.graded ?? this.model.nodes.keys());
    }

    // Choose what is shown: the nodes whose numbers and whose derivatives are known, what is spoken
    // of, and whether the derivatives are those of half the result.
    show(view) {
        this.view = view;
        this.model.differentiateHalf(view.isHalf ?? false);
        this.draw();
    }

    draw() {
        const { values, grads } = this.model.numbers;
        const { node = -1, edges = [] } = this.view;
        const [isKnown, isGraded] = [this.known, this.graded];
        const sizes = [...isGraded].filter((place) => place !== this.model.result)
            .map((place) => Math.abs(grads[place])).filter((x) => x > 0 && x < Infinity);
        const largest = Math.max(...sizes, Number.MIN_VALUE);
        for (const group of this.element.querySelectorAll(".node")) {
            const place = Number(group.dataset.node);
            const [value, grad] = [values[place], grads[place]];
            write(group, ".number", isKnown.has(place) ? shown(value) : "?");
            write(group, ".grad", isGraded.has(place) ? `grad ${shown(grad)}` : "");
            group.classList.toggle("active", place === node);
            const box = group.querySelector(".box");
            const isColoured = isGraded.has(place) && grad !== 0 && !Number.isNaN(grad);
            const share = Math.sqrt(Math.min(1, Math.abs(grad) / largest));
            box.style.fill = isColoured ? `var(--${grad > 0 ? "positive" : "negative"})` : "transparent";
            box.style.fillOpacity = isColoured ? Math.max(0.1, 0.45 * share).toFixed(3) : 0;
            write(group, "title", this.tip(place, isKnown, isGraded));
        }
        this.legend.parentElement.style.visibility = isGraded.size ? "visible" : "hidden";
        this.legend.textContent = `grad: the derivative of ${this.model.subject}; on the edges: local derivatives`;
        for (const watcher of this.watchers) watcher();
        for (const group of this.element.querySelectorAll(".edge")) {
            const edge = Number(group.dataset.edge);
            const { head, isIndependent } = this.model.edges[edge];
            const isShown = isGraded.has(head) && !isIndependent;
            const partial = group.querySelector(".partial");
            if (partial) partial.textContent = isShown ? shown(this.model.numbers.partials[edge]) : "";
            group.classList.toggle("active", edges.includes(edge));
            write(group, "title", isShown ? this.model.chain(edge) : "");
        }
        for (const group of this.element.querySelectorAll(".link, .operation")) {
            const place = Number(group.dataset.node);
            group.classList.toggle("active", place === node && !edges.length);
        }
    }

    tip(place, isKnown, isGraded) {
        const { name, formula } = this.model.nodes[place];
        const lines = [name];
        if (isKnown.has(place)) {
            const number = said(this.model.numbers.values[place]);
            lines[0] = formula ? this.model.forward(place) : `${name} = ${number}`;
        }
        if (isGraded.has(place)) lines.push(...this.model.backward(place));
        return lines.join("\n");
    }
}

function write(group, selector, text) {
    const element = group.querySelector(selector);
    if (element && element.textContent !== text) element.textContent = text;
}
