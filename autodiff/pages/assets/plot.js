// Curves: axes, lines, points and labels as SVG, drawn at the size that there is room for.

const SVG = "http://www.w3.org/2000/svg";

class Plot {
    // `describe` returns { x: [low, high], y: [low, high], xName, yName, isLog, room, title, marks }.
    constructor(parent, height, describe) {
        this.svg = document.createElementNS(SVG, "svg");
        this.svg.setAttribute("class", "plot");
        this.svg.setAttribute("role", "img");
        this.height = height;
        this.describe = describe;
        parent.append(this.svg);
        new ResizeObserver(() => this.draw()).observe(this.svg);
    }

    draw() {
        const width = this.svg.clientWidth;
        if (!width) return;
        this.svg.replaceChildren();
        this.svg.setAttribute("viewBox", `0 0 ${width} ${this.height}`);
        this.svg.style.height = `${this.height}px`;
        this.seen = this.describe();
        if (this.seen.problem) {
            this.svg.setAttribute("aria-label", this.seen.problem);
            this.add("text", { class: "axis start", x: 4, y: 20 }, this.seen.problem);
            return;
        }
        const { x, y, isLog = false, room = 12, title, xName, yName, marks } = this.seen;
        this.svg.setAttribute("aria-label", title);
        const ticks = isLog ? logTicks(y) : ticksOf(y, 4);
        const left = 14 + 6.6 * Math.max(...ticks.map((tick) => shown(tick).length));
        this.left = left;
        this.right = width - room;
        const [top, bottom] = [24, this.height - 36];
        const up = isLog ? Math.log10 : (n) => n;
        this.toX = (n) => left + ((n - x[0]) / (x[1] - x[0])) * (this.right - left);
        this.toY = (n) => bottom - ((up(n) - up(y[0])) / (up(y[1]) - up(y[0]))) * (bottom - top);
        for (const tick of ticks) {
            this.line("grid", left, this.toY(tick), this.right, this.toY(tick));
            this.text("tick end", left - 6, this.toY(tick) + 4, shown(tick));
        }
        const wanted = Math.max(2, Math.min(8, width / 80));
        for (const tick of ticksOf(x, isLog ? Math.min(wanted, x[1]) : wanted)) {
            this.line("grid", this.toX(tick), top, this.toX(tick), bottom);
            this.text("tick middle", this.toX(tick), bottom + 16, shown(tick));
        }
        this.text("axis middle", (left + this.right) / 2, this.height - 4, xName);
        this.text("axis start", 4, 14, yName);
        this.clip(left, top, this.right, bottom);
        marks(this);
    }

    clip(left, top, right, bottom) {
        const id = `clip-${Plot.count = (Plot.count ?? 0) + 1}`;
        const path = this.add("clipPath", { id });
        path.append(this.made("rect", { x: left, y: top - 6, width: right - left, height: bottom - top + 12 }));
        this.inside = this.add("g", { "clip-path": `url(#${id})` });
    }

    made(tag, attributes, text) {
        const element = document.createElementNS(SVG, tag);
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        if (text !== undefined) element.textContent = text;
        return element;
    }

    add(tag, attributes, text) {
        const element = this.made(tag, attributes, text);
        this.svg.append(element);
        return element;
    }

    line(kind, x1, y1, x2, y2) {
        this.add("line", { class: kind, x1, y1, x2, y2 });
    }

    text(kind, x, y, text) {
        return this.add("text", { class: kind, x, y }, text);
    }

    // ---- In the numbers of the axes -----------------------------------------------------------

    curve(kind, points) {
        let path = "";
        let isDown = false;
        let before = NaN;
        for (const [x, y] of points) {
            const [a, b] = [this.toX(x), this.toY(y)];
            const isJump = Math.abs(b - before) > this.height && points.length > 20;
            isDown = isDown && Number.isFinite(b) && !isJump;
            before = b;
            if (Number.isFinite(b)) {
                const height = Math.max(-1e4, Math.min(1e4, b));
                path += `${isDown ? "L" : "M"}${a.toFixed(1)},${height.toFixed(1)}`;
                isDown = true;
            }
        }
        this.inside.append(this.made("path", { class: kind, d: path || "M0,0" }));
    }

    dot(kind, x, y, label = "") {
        const [cx, cy] = [this.toX(x), this.toY(y)];
        if (!Number.isFinite(cx) || !Number.isFinite(cy) || Math.abs(cy) > 1e5) return;
        this.inside.append(this.made("circle", { class: kind, cx, cy, r: kind.includes("now") ? 7 : 4.5 }));
        if (label) this.inside.append(this.made("text", { class: "mark", x: cx + 7, y: cy - 7 }, label));
    }

    // Return the number of the x axis under a pointer.
    under(event) {
        const at = event.clientX - this.svg.getBoundingClientRect().left;
        const [low, high] = this.seen.x;
        return low + ((at - this.left) / (this.right - this.left)) * (high - low);
    }
}

function ticksOf([low, high], wanted) {
    const rough = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
    const ticks = [];
    for (let n = Math.ceil(low / step); n * step <= high + 1e-9 * step; n++) ticks.push(n * step || 0);
    return ticks.length < 20 ? ticks : [low, high];
}

function logTicks([low, high]) {
    const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
    const step = Math.max(1, Math.ceil((last - first) / 6));
    const ticks = [];
    for (let n = first; n <= last; n += step) if (10 ** n >= low && 10 ** n <= high) ticks.push(10 ** n);
    return ticks;
}

// Return a range around numbers, with some room.
function rangeOf(numbers, room = 0.06) {
    const finite = numbers.filter(Number.isFinite);
    if (!finite.length) return [-1, 1];
    const [low, high] = [Math.min(...finite), Math.max(...finite)];
    const extra = (high - low) * room || Math.abs(high) * 0.5 || 1;
    return [low - extra, high + extra];
}

const FEW = 40; // steps that are drawn

// Draw runs of errors, each a line over its steps, on a logarithmic axis. They are counted from
// `first`; of a long run its beginning is drawn.
function errorStrip(parent, allRuns, name, first = 0) {
    const runs = () => allRuns().map((run) => ({ ...run, errors: run.errors.slice(0, FEW) }));
    return new Plot(parent, 220, () => {
        const isOne = runs().length === 1;
        const all = runs().flatMap((run) => run.errors).filter((n) => n > 0 && Number.isFinite(n));
        const low = Math.max(Math.min(...all, 1), 1e-300);
        const high = Math.max(...all, low * 10);
        const steps = Math.max(1, ...runs().map((run) => run.errors.length - 1));
        const count = Math.max(...allRuns().map((run) => run.errors.length));
        const hasZero = runs().some((run) => run.errors.includes(0));
        return {
            x: [first, first + steps], y: [low / 2, high * 2], isLog: true, room: isOne ? 12 : 92,
            xName: `${first ? "iteration" : "step"}${count > FEW ? `, the first ${FEW} of ${count}` : ""}`,
            yName: `${name} (logarithmic${hasZero ? "; 0 lies at the bottom" : ""})`,
            title: runs().map((run) => `${run.label} ${name} from ${shown(run.errors[0])} to `
                + `${shown(run.errors.at(-1))}`).join("; "),
            marks(plot) {
                runs().forEach((run, i) => {
                    const points = run.errors.map((error, step) => [first + step, Math.max(error, low / 2)]);
                    plot.curve(`run run-${i % 7}`, points);
                    if (isOne) for (const point of points) plot.dot("step", ...point);
                });
                placed(runs(), plot, low / 2, first).forEach(({ label, x, y }, i) => {
                    if (!isOne) plot.text(`mark run-${i % 7}`, x, y, label);
                });
            },
        };
    });
}

// Return where the labels of runs stand: beside their ends, apart from one another.
function placed(runs, plot, low, first) {
    const labels = runs.map((run) => ({
        label: run.label,
        x: plot.toX(first + run.errors.length - 1) + 6,
        y: plot.toY(Math.max(run.errors.at(-1), low)) + 4,
    }));
    const sorted = [...labels].sort((a, b) => a.y - b.y);
    sorted.forEach((label, i) => {
        if (i) label.y = Math.max(label.y, sorted[i - 1].y + 13);
    });
    return labels;
}
