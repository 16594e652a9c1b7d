// A graph that computes: all numbers from those of its leaves, and the sentences of each step.

class Model {
    constructor(data, compute) {
        Object.assign(this, data);
        this.compute = compute;
        this.result = this.nodes.length - 1;
        this.start = [...data.inputs];
        this.inputs = [...data.inputs];
        this.ofHalf = false;
        this.listeners = [];
        this.refresh();
    }

    refresh() {
        this.numbers = this.at(this.inputs);
    }

    // Return the numbers of all nodes and edges, for numbers of the leaves.
    at(inputs) {
        const all = this.compute(...inputs).map(Number);
        const [n, e] = [this.nodes.length, this.edges.length];
        return {
            values: all.slice(0, n),
            grads: all.slice(n, 2 * n),
            partials: all.slice(2 * n, 2 * n + e),
            terms: all.slice(2 * n + e),
        };
    }

    // Change numbers of leaves, and tell all who show them.
    set(inputs) {
        this.inputs = [...inputs];
        this.refresh();
        for (const listener of this.listeners) listener();
    }

    move(leaf, number) {
        const inputs = [...this.inputs];
        inputs[leaf] = number;
        this.set(inputs);
    }

    name(place) {
        return this.nodes[place].name;
    }

    // Return the value, or half of it, and the derivative in a leaf; both halves are exact.
    slopeAt(leaf, number, isHalf = false) {
        const inputs = [...this.inputs];
        inputs[leaf] = number;
        const { values, grads } = this.at(inputs);
        const factor = isHalf ? 0.5 : 1;
        return { value: factor * values[this.result], slope: factor * grads[leaf] };
    }

    get computed() {
        return this.nodes.map((_, place) => place).filter((place) => this.nodes[place].formula);
    }

    // Return the nodes in the order of the sweep, without the root.
    get below() {
        return this.order.filter((place) => place !== this.result);
    }

    // Return the edges that lead from a node to what was computed from it.
    uses(place) {
        return this.edges.map((_, edge) => edge).filter((edge) => this.edges[edge].tail === place);
    }

    // Return what a derivative passes along.
    flowing(place) {
        return this.uses(place).filter((edge) => !this.edges[edge].isIndependent);
    }

    // Return an operation in numbers: "0.5 × (−1.1)".
    operation(place) {
        const { template, operands, brackets } = this.nodes[place];
        return template.replace(/\{(\d+)\}/g, (_, digits) => {
            const operand = operands[Number(digits)];
            if (typeof operand === "string") return operand.replaceAll("-", MINUS);
            const text = said(this.numbers.values[operand]);
            const isBracketed = text.startsWith(MINUS) && brackets.includes(Number(digits));
            return isBracketed ? `(${text})` : text;
        });
    }

    // Say how a value was computed.
    forward(place) {
        const { name, formula, operands } = this.nodes[place];
        const { values } = this.numbers;
        const used = operands.filter((x) => typeof x === "number").map((x) => values[x]);
        const sign = equals(values[place], ...used);
        return `${name} = ${formula} = ${this.operation(place)} ${sign} ${said(values[place])}`;
    }

    // Say what passes along an edge.
    chain(edge) {
        const { tail, head } = this.edges[edge];
        const { grads, partials, terms } = this.numbers;
        const [root, result, operand] = [this.result, head, tail].map((x) => this.name(x));
        const [grad, partial, term] = [grads[head], partials[edge], terms[edge]];
        return `${root} moves ${said(grad)} per unit of ${result}, ${result} moves ${said(partial)} `
            + `per unit of ${operand}: ${product(grad, partial)} `
            + `${equals(grad, partial, term)} ${said(term)}`;
    }

    // Say how a derivative comes about: a sentence for each edge, and the sum if there are several.
    backward(place) {
        const { grads, terms } = this.numbers;
        const [root, name] = [this.name(this.result), this.name(place)];
        if (place === this.result) {
            return [`${root} moves 1 per unit of ${root} itself: the derivative to start from is 1`];
        }
        const edges = this.flowing(place);
        if (!edges.length) return [`${root} does not depend on ${name} here: no derivative passes`];
        const sentences = edges.map((edge) => this.chain(edge));
        if (edges.length > 1) {
            const parts = edges.map((edge) => terms[edge]);
            sentences.push(`${edges.length} paths meet in ${name}: ${sum(parts)} `
                + `${equals(grads[place], ...parts)} ${said(grads[place])}`);
        }
        return sentences;
    }
}

function bracketed(x) {
    const text = said(x);
    return text.startsWith(MINUS) ? `(${text})` : text;
}

function product(a, b) {
    return `${said(a)} × ${bracketed(b)}`;
}

function sum(parts) {
    return parts.map((x, i) => (i ? bracketed(x) : said(x))).join(" + ");
}
