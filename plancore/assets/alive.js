// What brings a report's parts to life, in a page and in an app alike: charts with tooltips, one indicator lit wherever it
// is shown, long tables that sort and sift. window.plancore.alive(root, settings) does it for all that is within root.
window.plancore ??= (() => {
  const make = (tag, more) => Object.assign(document.createElement(tag), more);

  // Charts. A figure's specification becomes a live chart when it comes into view; what stood there stays where that fails.
  const views = new Map(); // plot -> view
  // Vega may come long after the rest of a page; who waits for it waits until the page's last script has run.
  const vega = new Promise((done) =>
    window.vegaEmbed || document.readyState !== "loading" ? done() : addEventListener("DOMContentLoaded", done, { once: true }));
  const specification = (figure) => figure.querySelector('script[type="application/json"]').textContent;

  // Signals of a chart that something outside drives keep its values, and have no control of their own.
  const driven = (spec, signals) => ({ ...spec, params: (spec.params || []).map((param) => {
    if (!(param.name in signals)) return param;
    const { bind, ...rest } = param;
    return { ...rest, value: signals[param.name] };
  }) });

  const draw = async (figure, settings) => {
    await vega;
    if (!window.vegaEmbed) return;
    const plot = figure.querySelector(".plot");
    const next = make("div", { className: "plot-next" });
    try {
      const spec = driven(JSON.parse(specification(figure)), settings.signals || {});
      plot.style.minHeight = plot.offsetHeight + "px";
      plot.append(next); // drawn unseen, beside what it replaces, so that nothing flickers
      const { view } = await vegaEmbed(next, { ...spec, config: settings.theme }, { actions: false, renderer: "svg", ast: true });
      next.classList.remove("plot-next");
      plot.replaceChildren(next);
      plot.setAttribute("role", "group"); // a picture no longer: it may hold controls
      views.set(plot, view);
      view.addEventListener("mouseover", (_, mark) => mark && mark.datum && mark.datum.key && light(mark.datum.key));
      view.addEventListener("click", (_, mark) => mark && mark.datum && mark.datum.key && lead(mark.datum.key, figure));
      drive(view, settings.signals || {});
    } catch (error) {
      next.remove();
      console.warn("chart stays a picture:", error);
    }
    plot.style.minHeight = "";
    plot.dataset.drawn = "true";
  };

  const drive = (view, signals) => {
    const known = view.getState({ signals: (name) => name in signals }).signals;
    for (const [name, value] of Object.entries(signals)) if (name in known) view.signal(name, value);
    return view.runAsync();
  };

  const charts = (root, settings) => {
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen.unobserve(entry.target);
        draw(entry.target, settings);
      }
    }, { rootMargin: "300px" });
    root.querySelectorAll("figure.chart").forEach((figure) => { if (!views.has(figure.querySelector(".plot"))) seen.observe(figure); });
  };

  // One indicator, lit in every table row and chart that shows it.
  let lit = "";
  const holders = () => [...document.querySelectorAll("[data-key]")].filter((e) => e.dataset.key).map((e) => [e.dataset.key, e.closest("tr, figure")]);
  const light = (key) => {
    if (key === lit) return;
    lit = key;
    for (const [own, holder] of holders()) holder.classList.toggle("lit", own === key);
    for (const [plot, view] of views) plot.isConnected ? drive(view, { lit: key }) : views.delete(plot);
  };
  const lead = (key, from) => {
    const goal = holders().find(([own, holder]) => own === key && holder !== from && holder.tagName === "FIGURE");
    if (goal) goal[1].scrollIntoView({ block: "center" });
  };

  // Long tables: find, attribute or other columns, order. A header sorts; a third click brings back the order the table came in.
  const value = (row, at) => {
    const cell = row.cells[at];
    const sort = cell.querySelector("[data-sort]");
    const text = sort ? sort.dataset.sort : cell.textContent.trim();
    const number = parseFloat(text.replace(/,/g, "").replace("−", "-").replace(/^[^\d.+-]+/, ""));
    return /\d/.test(text) && !Number.isNaN(number) ? number : text === "" || text === "—" ? null : text;
  };
  const before = (a, b) => a === null || b === null ? (a === null) - (b === null)
    : typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), document.documentElement.lang);

  // Columns with a list of their values above the table: a select and the place of its column, where there is something to choose.
  const CHOSEN = ["c-chapter", "c-commitment_kind", "c-target_year"];
  const choosers = (heads, rows, settings) => heads.flatMap((head, at) => {
    const values = new Set(rows.map((row) => row.cells[at]?.textContent ?? ""));
    if (values.size < 2 || !CHOSEN.some((name) => head.classList.contains(name))) return [];
    const word = head.textContent.trim(), select = make("select", {});
    select.setAttribute("aria-label", word);
    select.append(make("option", { value: "", textContent: `${word}: ${settings.all_values}` }));
    for (const value of values) select.append(make("option", { value, textContent: value || "—" }));
    return [[select, at]];
  });

  const sortable = (table, settings) => {
    const body = table.tBodies[0];
    const every = body ? [...body.rows] : [];
    const rows = every.filter((row) => !row.classList.contains("gt_group_heading_row"));
    if (rows.length <= 12 || table.dataset.sortable) return;
    table.dataset.sortable = "true";
    const heads = [...table.tHead.rows[0].cells];
    const order = (at, way) => {
      const sorted = way ? [...rows].sort((a, b) => before(value(a, at), value(b, at)) * (value(a, at) === null || value(b, at) === null ? 1 : way)) : every;
      heads.forEach((head, i) => head.setAttribute("aria-sort", i === at && way ? (way > 0 ? "ascending" : "descending") : "none"));
      if (way) every.filter((row) => !rows.includes(row)).forEach((row) => row.remove());
      body.append(...sorted);
      sift();
    };
    heads.forEach((head, at) => {
      const button = make("button", { type: "button", title: settings.sort });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => order(at, { none: 1, ascending: -1, descending: 0 }[head.getAttribute("aria-sort") || "none"]));
    });
    const bar = make("div", { className: "sift" });
    const find = make("input", { type: "search", placeholder: settings.filter_table });
    find.setAttribute("aria-label", settings.filter_table);
    const attribute = make("select", {});
    attribute.setAttribute("aria-label", settings.all_attributes);
    for (const [code, word] of [["", settings.all_attributes], ["binding", settings.binding], ["expected", settings.expected]])
      attribute.append(make("option", { value: code && word, textContent: word }));
    const column = heads.findIndex((head) => head.classList.contains("c-attribute"));
    const urgency = heads.findIndex((head) => head.classList.contains("c-assessment"));
    const plain = table.closest("[data-plain]"); // an app chooses and orders its rows itself
    const chosen = plain ? [] : choosers(heads, rows, settings);
    bar.append(find, ...(column < 0 || plain ? [] : [attribute]), ...chosen.map(([select]) => select));
    if (urgency >= 0 && !plain)
      for (const [words, way] of [[settings.by_urgency, 1], [settings.plan_order, 0]]) {
        const button = make("button", { type: "button", textContent: words });
        button.addEventListener("click", () => order(urgency, way));
        bar.append(button);
      }
    const sift = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = (row) => words.every((w) => row.textContent.toLowerCase().includes(w)) && (!attribute.value || row.cells[column].textContent === attribute.value)
        && chosen.every(([select, at]) => !select.value || row.cells[at].textContent === select.value);
      rows.forEach((row) => { row.hidden = !fits(row); });
      every.forEach((row, at) => {
        if (rows.includes(row)) return;
        const next = every.findIndex((r, i) => i > at && !rows.includes(r));
        row.hidden = every.slice(at + 1, next < 0 ? undefined : next).every((r) => r.hidden);
      });
    };
    bar.addEventListener("input", sift);
    table.parentElement.before(bar);
  };

  const alive = (root, settings) => {
    charts(root, settings);
    for (const [key, holder] of holders()) if (root.contains(holder)) holder.addEventListener("mouseenter", () => light(key));
    root.querySelectorAll(".gt_table").forEach((table) => sortable(table, settings));
  };
  return { alive, drive, specification, views };
})();
