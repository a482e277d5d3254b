// A published page comes to life: charts with tooltips, one indicator lit wherever it is shown, long tables that sort and sift.
addEventListener("load", () => {
  const settings = JSON.parse(document.getElementById("settings").textContent);
  const make = (tag, more) => Object.assign(document.createElement(tag), more);

  // Charts: each figure's specification becomes a live chart when it comes into view; the drawn SVG stays where that fails.
  const views = [];
  const enliven = async (figure) => {
    const plot = figure.querySelector(".plot");
    const still = plot.innerHTML;
    try {
      plot.style.minHeight = plot.offsetHeight + "px";
      const spec = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
      const { view } = await vegaEmbed(plot, { ...spec, config: settings.theme }, { actions: false, renderer: "svg" });
      plot.style.minHeight = "";
      views.push(view);
      view.addEventListener("mouseover", (_, mark) => mark && mark.datum && mark.datum.key && light(mark.datum.key));
      view.addEventListener("click", (_, mark) => mark && mark.datum && mark.datum.key && lead(mark.datum.key, figure));
    } catch (error) {
      plot.innerHTML = still;
      console.warn("chart stays a picture:", error);
    }
  };
  const figures = [...document.querySelectorAll("figure.chart")];
  if (window.vegaEmbed) {
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen.unobserve(entry.target);
        enliven(entry.target);
      }
    }, { rootMargin: "300px" });
    figures.forEach((figure) => seen.observe(figure));
  }

  // One indicator, lit in every table row and chart that shows it.
  const holders = [...document.querySelectorAll("[data-key]")].filter((e) => e.dataset.key).map((e) => [e.dataset.key, e.closest("tr, figure")]);
  let lit = "";
  const light = (key) => {
    if (key === lit) return;
    lit = key;
    for (const [own, holder] of holders) holder.classList.toggle("lit", own === key);
    for (const view of views) if (view.getState().signals.lit !== undefined) view.signal("lit", key).runAsync();
  };
  const lead = (key, from) => {
    const goal = holders.find(([own, holder]) => own === key && holder !== from && holder.tagName === "FIGURE");
    if (goal) goal[1].scrollIntoView({ block: "center" });
  };
  for (const [key, holder] of holders) holder.addEventListener("mouseenter", () => light(key));

  // Long tables: find, attribute, order. A header sorts; a third click brings back the plan's order.
  const value = (row, at) => {
    const cell = row.cells[at];
    const sort = cell.querySelector("[data-sort]");
    const text = sort ? sort.dataset.sort : cell.textContent.trim();
    const number = parseFloat(text.replace(/,/g, "").replace("−", "-").replace(/^[^\d.+-]+/, ""));
    return /\d/.test(text) && !Number.isNaN(number) ? number : text === "" || text === "—" ? null : text;
  };
  const before = (a, b) => a === null || b === null ? (a === null) - (b === null)
    : typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), document.documentElement.lang);
  for (const table of document.querySelectorAll(".gt_table")) {
    const body = table.tBodies[0];
    const every = body ? [...body.rows] : [];
    const rows = every.filter((row) => !row.classList.contains("gt_group_heading_row"));
    if (rows.length <= 12) continue;
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
    bar.append(find, ...(column < 0 ? [] : [attribute]));
    if (urgency >= 0)
      for (const [words, way] of [[settings.by_urgency, 1], [settings.plan_order, 0]]) {
        const button = make("button", { type: "button", textContent: words });
        button.addEventListener("click", () => order(urgency, way));
        bar.append(button);
      }
    const sift = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = (row) => words.every((w) => row.textContent.toLowerCase().includes(w)) && (!attribute.value || row.cells[column].textContent === attribute.value);
      rows.forEach((row) => { row.hidden = !fits(row); });
      every.forEach((row, at) => {
        if (rows.includes(row)) return;
        const next = every.findIndex((r, i) => i > at && !rows.includes(r));
        row.hidden = every.slice(at + 1, next < 0 ? undefined : next).every((r) => r.hidden);
      });
    };
    bar.addEventListener("input", sift);
    table.parentElement.before(bar);
  }

  const open = () => {
    const part = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = part && part.closest("details");
    if (fold) { fold.open = true; part.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
});
