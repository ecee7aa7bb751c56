/* <forecast-chart source="id of a json_script" label="one sentence">: docs/how-to/components.md lists the data. */
(() => {
  "use strict";

  const LINES = [
    { key: "actual", colour: "--ink", width: 1.5 },
    { key: "judged", colour: "--s1", width: 1.25, dash: [4, 4] },
    { key: "forecast", colour: "--s1", width: 2 },
    { key: "low80" }, { key: "high80" }, { key: "low95" }, { key: "high95" },
  ];
  /* Other lines over the same time: told apart by colour and by dash. */
  const OVERLAYS = [
    { colour: "--s2", width: 1.5, dash: [2, 3] },
    { colour: "--s3", width: 1.5, dash: [9, 3] },
    { colour: "--s5", width: 1.5 },
  ];
  const BANDS = [["high95", "low95", 0.13], ["high80", "low80", 0.3]];
  const NARROW = 560, FONT = "500 11px Inter, system-ui, sans-serif";
  const language = document.documentElement.lang || "en";
  const numberFormat = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
  const compactFormat = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 2 });
  const LONG = 100_000;
  const spell = (value) => (value == null ? "–" : numberFormat.format(value).replace("-", "−"));

  /* A value between two gaps is no line: it is drawn as a dot. */
  const lonely = (plot, series) => {
    const values = plot.data[series];
    return values.map((_, place) => place).filter((place) =>
      values[place] != null && values[place - 1] == null && values[place + 1] == null);
  };

  class ForecastChart extends HTMLElement {
    connectedCallback() {
      const script = document.getElementById(this.getAttribute("source"));
      if (!script || this.plot) return;
      this.data = JSON.parse(script.textContent);
      this.data.t ??= [];
      this.last = this.data.t.length - 1;
      this.build();
      this.resizes = new ResizeObserver(() => this.fit());
      this.resizes.observe(this);
      this.themes = new MutationObserver(() => this.draw());
      this.themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
      this.dark = matchMedia("(prefers-color-scheme: dark)");
      this.redraw = () => this.draw();
      this.dark.addEventListener("change", this.redraw);
      this.addEventListener("keydown", (event) => this.step(event));
    }

    disconnectedCallback() {
      this.resizes?.disconnect();
      this.themes?.disconnect();
      this.dark?.removeEventListener("change", this.redraw);
      this.plot?.destroy();
      this.plot = null;
      this.replaceChildren();
    }

    build() {
      this.readout = Object.assign(document.createElement("p"), { className: "chart-readout" });
      this.frame = document.createElement("div");
      this.frame.setAttribute("role", "img");
      this.frame.setAttribute("aria-label", this.getAttribute("label") || "");
      this.frame.tabIndex = 0;
      const ranges = (this.data.windows || []).filter((one) => one.points <= this.last + 1 || one.whole);
      const head = Object.assign(document.createElement("div"), { className: "chart-head" });
      head.append(this.readout);
      if (ranges.length > 1) head.append(this.rangeButtons(ranges));
      this.append(head, this.frame);
      this.points = this.data.window || this.last + 1;
      this.chosen = Boolean(this.data.fixed);
      this.draw();
    }

    rangeButtons(ranges) {
      const group = Object.assign(document.createElement("div"), { className: "range" });
      for (const { label, points } of ranges) {
        const button = Object.assign(document.createElement("button"), { type: "button", textContent: label });
        button.setAttribute("aria-pressed", String(points === this.data.window));
        button.addEventListener("click", () => {
          for (const one of group.children) one.setAttribute("aria-pressed", String(one === button));
          this.points = points;
          this.chosen = true;
          this.draw();
        });
        group.append(button);
      }
      return group;
    }

    /* Custom properties hold light-dark(): only an element's own colour says which one is meant. */
    colour(name, alpha = 1) {
      const probe = document.createElement("i");
      probe.style.color = `color-mix(in srgb, var(${name}) ${alpha * 100}%, transparent)`;
      this.append(probe);
      const found = getComputedStyle(probe).color;
      probe.remove();
      return found;
    }

    shown() {
      const narrow = this.clientWidth < NARROW && !this.chosen ? Math.round(this.clientWidth / 11) : Infinity;
      const first = Math.max(0, this.last + 1 - Math.min(this.points, narrow));
      return { min: first - 0.5, max: this.last + 0.5 };
    }

    draw() {
      this.plot?.destroy();
      if (!this.clientWidth || this.last < 0) return;
      this.paint = Object.fromEntries(
        ["--ink", "--ink-3", "--line", "--sunken", "--surface", "--s1", "--s2", "--s3", "--s5", "--warn"].map((name) => [name, this.colour(name)]));
      const keys = LINES.map((line) => line.key);
      const { t } = this.data;
      const values = [
        ...keys.map((key) => this.data[key] || t.map(() => null)),
        ...this.overlays().map((one) => one.values),
        ...this.dots().map((one) => one.values),
      ];
      this.plot = new uPlot(this.options(keys), [t.map((_, place) => place), ...values], this.frame);
      this.read(null);
    }

    overlays() {
      return (this.data.overlays || []).slice(0, OVERLAYS.length).map((one, place) => ({ ...one, ...OVERLAYS[place] }));
    }

    /* Single numbers beside the lines: rings, with nothing drawn between them. */
    dots() {
      return this.data.dots || [];
    }

    options(keys) {
      const { paint } = this, axis = { stroke: paint["--ink-3"], font: FONT, ticks: { show: false } };
      return {
        width: this.clientWidth, height: this.clientWidth < NARROW ? 260 : 300, padding: [12, 18, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        scales: {
          x: { time: false, range: () => Object.values(this.shown()) },
          y: { range: (plot, low, high) => [Math.min(0, low), (high || 1) * 1.06] },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 40, gap: 4, space: 64, incrs: [1, 2, 5, 7, 14, 28, 56, 91, 182, 364, 728],
            values: (plot, places) => places.map((place, at) => this.tick(place, at ? places[at - 1] : null)) },
          { ...axis, grid: { stroke: paint["--line"], width: 1 }, size: 46, values: (plot, splits) => this.amounts(splits) },
        ],
        series: [{}, ...[...LINES, ...this.overlays()].map((line) => ({
          stroke: line.colour ? paint[line.colour] : "transparent", width: line.width || 0, dash: line.dash,
          points: { show: line.key === "actual", size: 3, fill: line.colour && paint[line.colour], filter: lonely },
        })), ...this.dots().map(() => ({
          stroke: paint["--ink"], paths: () => null,
          points: { show: true, size: 9, width: 2, stroke: paint["--ink"], fill: paint["--surface"] },
        }))],
        bands: BANDS.filter(([high]) => this.data[high]).map(([high, low, alpha]) => ({
          series: [keys.indexOf(high) + 1, keys.indexOf(low) + 1], fill: this.colour("--s1", alpha),
        })),
        hooks: {
          drawClear: [(plot) => this.behind(plot)],
          draw: [(plot) => this.above(plot)],
          setCursor: [(plot) => this.read(plot.cursor.idx)],
        },
      };
    }

    /* Under the lines: the judged windows, and when it was closed. */
    behind(plot) {
      const { ctx, bbox } = plot, edge = (place) => this.clamp(plot, plot.valToPos(place, "x", true));
      ctx.save();
      for (const fold of this.data.folds || []) {
        const left = edge(fold.from - 0.5), right = edge(fold.to + 0.5);
        if (right <= left) continue;
        ctx.fillStyle = this.paint["--sunken"];
        ctx.fillRect(left + devicePixelRatio, bbox.top, right - left - devicePixelRatio, bbox.height);
      }
      ctx.fillStyle = this.paint["--line"];
      for (const [place, closed] of (this.data.closed || []).entries()) {
        if (closed) ctx.fillRect(edge(place - 0.5), bbox.top, edge(place + 0.5) - edge(place - 0.5), bbox.height);
      }
      ctx.restore();
    }

    /* Over the lines: where the forecast begins, stock-outs, promotions. */
    above(plot) {
      const { ctx, bbox } = plot, { forecast = [], stockout = [], promo = [] } = this.data;
      const at = (place) => plot.valToPos(place, "x", true), ratio = devicePixelRatio, bottom = bbox.top + bbox.height;
      const { min, max } = this.shown();
      const start = forecast.findIndex((value) => value != null);
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height + ratio);
      ctx.clip();
      for (const fold of this.data.folds || []) {
        const left = this.clamp(plot, at(fold.from - 0.5)), right = this.clamp(plot, at(fold.to + 0.5));
        this.write(plot, fold.label, left + 5 * ratio, right - left, "--sunken");
      }
      if (start > min) {
        const x = Math.round(at(start - 0.5));
        ctx.strokeStyle = this.paint["--ink-3"];
        ctx.lineWidth = ratio;
        ctx.setLineDash([3 * ratio, 3 * ratio]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bottom);
        ctx.stroke();
        this.write(plot, this.data.forecast_label || "", x + 5 * ratio, bbox.left + bbox.width - x, "--surface");
      }
      for (let place = Math.max(0, Math.ceil(min)); place <= max; place += 1) {
        const left = at(place - 0.5), right = at(place + 0.5);
        if (promo[place]) {
          ctx.fillStyle = this.paint["--s2"];
          ctx.fillRect(left, bottom - 3 * ratio, right - left, 3 * ratio);
        }
        if (stockout[place]) this.mark(ctx, at(place), bottom - 6 * ratio, ratio);
      }
      ctx.restore();
    }

    mark(ctx, x, y, ratio) {
      ctx.fillStyle = this.paint["--warn"];
      ctx.beginPath();
      ctx.moveTo(x - 4 * ratio, y - 6 * ratio);
      ctx.lineTo(x + 4 * ratio, y - 6 * ratio);
      ctx.lineTo(x, y);
      ctx.fill();
    }

    /* On its own ground: no grid line runs through the letters. */
    write(plot, text, x, room, ground) {
      const { ctx, bbox } = plot, ratio = devicePixelRatio;
      ctx.font = FONT.replace("11px", `${11 * ratio}px`);
      const width = ctx.measureText(text).width;
      if (!text || width + 10 * ratio > room) return;
      ctx.fillStyle = this.paint[ground];
      ctx.fillRect(x - 2 * ratio, bbox.top + 3 * ratio, width + 4 * ratio, 15 * ratio);
      ctx.fillStyle = this.paint["--ink-3"];
      ctx.textBaseline = "top";
      ctx.textAlign = "left";
      ctx.fillText(text, x, bbox.top + 5 * devicePixelRatio);
    }

    clamp(plot, x) {
      return Math.min(Math.max(x, plot.bbox.left), plot.bbox.left + plot.bbox.width);
    }

    /* Long numbers are shortened, so that they fit beside the drawing: 300K. */
    amounts(splits) {
      const isLong = Math.max(...splits.map(Math.abs)) >= LONG;
      return splits.map((one) => (isLong ? compactFormat.format(one).replace("-", "−") : spell(one)));
    }

    /* The year stands under the first day that is named, and where another one begins. */
    tick(place, before) {
      const year = (at) => String(this.data.t[Math.round(at)] ?? "").match(/^\d{4}(?=-)/)?.[0] || "";
      const isNew = before == null || year(place) !== year(before);
      return this.when(place, false) + (isNew && year(place) ? `\n${year(place)}` : "");
    }

    when(place, whole) {
      const moment = this.data.t[Math.round(place)];
      if (moment == null) return "";
      if (typeof moment === "number") return String(moment);
      const at = new Date(moment.length > 10 ? `${moment.slice(0, 16)}Z` : `${moment}T00:00Z`);
      const hour = moment.length > 10 ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : {};
      const named = Object.fromEntries(new Intl.DateTimeFormat(language, {
        weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC", ...hour,
      }).formatToParts(at).map((part) => [part.type, part.value]));
      const clock = named.hour && `${named.hour}:${named.minute}`;
      const parts = whole ? [named.weekday, named.day, named.month, named.year, clock] : [named.day, named.month];
      return parts.filter(Boolean).join(" ");
    }

    /* The readout holds its place, so that nothing moves under the pointer. */
    read(place) {
      const { words = {}, low80, high80 } = this.data;
      if (place == null) {
        this.readout.textContent = words.hint || "";
        return;
      }
      const said = ["actual", "judged", "forecast"]
        .filter((key) => this.data[key]?.[place] != null)
        .map((key) => `${words[key] || key} ${spell(this.data[key][place])}`);
      for (const { title, values } of [...this.overlays(), ...this.dots()]) if (values[place] != null) said.push(`${title} ${spell(values[place])}`);
      if (low80?.[place] != null) said.push(`80 %: ${spell(low80[place])} – ${spell(high80[place])}`);
      this.readout.textContent = [this.when(place, true), ...said].join(" · ");
    }

    step(event) {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!move || !this.plot || event.target !== this.frame) return;
      event.preventDefault();
      const { min } = this.shown(), now = this.plot.cursor.idx ?? this.last + (move < 0 ? 1 : 0);
      const place = Math.min(Math.max(now + move, Math.ceil(min)), this.last);
      this.plot.setCursor({ left: this.plot.valToPos(place, "x"), top: 10 });
    }

    fit() {
      if (!this.plot || this.plot.width !== this.clientWidth) this.draw();
    }
  }

  customElements.define("forecast-chart", ForecastChart);
})();
