// The browser's half of an app: its parts (Live) and its place (Place: address, language, messages, files). Stands on alive.js.
window.plancore.render ??= (() => {
const make = (tag, more) => Object.assign(document.createElement(tag), more);

// What a published first paint holds of a part is taken over, chart and all, where it is what the kernel shows too.
const painted = (model) => {
  const paint = document.querySelector(".first-paint");
  const part = paint && paint.querySelector(`[data-part="${model.get("part")}"]`);
  const same = part && part.dataset.stamp === model.get("stamp") ? [...part.childNodes] : null;
  if (part) part.remove();
  if (paint && !paint.querySelector("[data-part]")) paint.remove();
  return same;
};

let picking = false; // what was picked is on its way to the panel that shows it
const live = async ({ model, el }) => {
  const settings = { ...model.get("settings"), signals: {} };
  const drivers = await Promise.all(Object.entries(model.get("drives")).map(
    async ([name, id]) => [name, await model.widget_manager.get_model(id.replace("IPY_MODEL_", ""))]));
  const read = () => drivers.forEach(([name, driver]) => { settings.signals[name] = driver.get("value"); });
  const turn = () => {
    read();
    el.querySelectorAll(".plot").forEach((plot) => {
      const view = window.plancore.views.get(plot);
      if (view) window.plancore.drive(view, settings.signals);
    });
  };
  read();
  drivers.forEach(([, driver]) => driver.on("change:value", turn));
  el.classList.add("part", "part-" + model.get("part"));

  // A chart whose specification is the same keeps its view; another stands there until the new one is drawn.
  const keep = (old, fresh) => fresh.forEach((figure, n) => {
    if (!old[n]) return;
    const plot = old[n].querySelector(".plot");
    const next = figure.querySelector(".plot");
    if (window.plancore.specification(old[n]) === window.plancore.specification(figure)) {
      plot.setAttribute("aria-label", next.getAttribute("aria-label"));
      next.replaceWith(plot);
    } else {
      window.plancore.views.get(plot)?.finalize();
      window.plancore.views.delete(plot);
      next.replaceChildren(...plot.childNodes);
    }
  });
  const show = () => {
    Object.assign(settings, model.get("settings"));
    const next = make("template", { innerHTML: model.get("html") }).content;
    keep([...el.querySelectorAll("figure.chart")], next.querySelectorAll("figure.chart"));
    const open = [...el.querySelectorAll("details")].map((fold) => fold.open);
    next.querySelectorAll("details").forEach((fold, n) => { fold.open = open[n] ?? fold.open; });
    el.replaceChildren(next);
    window.plancore.alive(el, settings);
    mark();
    if (picking && model.get("panel")) el.scrollIntoView({ block: "nearest" });
    if (model.get("panel")) picking = false;
  };
  const mark = () => el.querySelectorAll("[data-pick]").forEach((button) => {
    const picked = button.dataset.pick === model.get("picked");
    button.setAttribute("aria-pressed", picked);
    button.closest("tr")?.classList.toggle("picked", picked);
  });
  el.addEventListener("click", (event) => {
    const button = event.target.closest("[data-pick]");
    if (!button) return;
    picking = true;
    model.set("picked", button.dataset.pick);
    model.save_changes();
    mark();
  });

  const same = painted(model);
  if (same) {
    el.replaceChildren(...same);
    turn();
    mark();
  } else show();
  model.on("change:html", show);
  model.on("change:picked", mark);
};

// Place. Where the app has a page of its own, the address says the state, and the state follows the address.
const place = async ({ model, el }) => {
  const own = document.body.dataset.app !== undefined;
  const words = () => model.get("words");
  const bar = make("div", { className: "bar" });
  const message = make("p", { className: "message" });
  message.setAttribute("role", "status");
  const link = make("input", { type: "text", readOnly: true, hidden: true });
  const button = (act) => { const made = make("button", { type: "button" }); made.addEventListener("click", act); bar.append(made); return made; };
  const address = () => (own ? location.origin + location.pathname : "") + model.get("query");

  const copy = button(async () => {
    Object.assign(link, { hidden: false, value: address() });
    link.select();
    try { await navigator.clipboard.writeText(link.value); } catch { document.execCommand("copy"); } // plain http has no clipboard
    copy.textContent = words().copied;
    setTimeout(say, 3000);
  });
  const files = Object.fromEntries(["csv", "xlsx"].map((kind) => [kind, button(() => model.send({ make: kind }))]));
  const pictures = Object.fromEntries(["svg", "png"].map((kind) => [kind, button(() => picture(kind, model))]));
  bar.append(link);
  el.append(bar, message);
  el.classList.add("place");

  const say = () => {
    const said = words();
    copy.textContent = said.copy;
    for (const [kind, made] of Object.entries({ ...files, ...pictures })) made.textContent = kind.toUpperCase();
    for (const [kind, made] of Object.entries({ ...files, ...pictures })) made.setAttribute("aria-label", said.download + " " + kind.toUpperCase());
    link.setAttribute("aria-label", said.link);
    message.textContent = model.get("message");
    if (own) {
      document.documentElement.lang = model.get("tag");
      document.title = model.get("title");
    }
  };
  let waiting; // what takes no time is not worth saying
  const busy = () => {
    clearTimeout(waiting);
    const said = () => {
      document.body.classList.toggle("busy", model.get("busy"));
      message.textContent = model.get("busy") ? words().busy : model.get("message");
    };
    if (model.get("busy")) waiting = setTimeout(said, 300); else said();
  };
  const goto = () => {
    if (!own) return;
    turn();
    const way = model.get("step") && document.body.classList.contains("ready") ? "pushState" : "replaceState";
    if (location.search !== model.get("query")) history[way](null, "", model.get("query") || location.pathname);
  };
  // The bar's language link leads to the same view in the other language.
  const turn = () => {
    const link = document.querySelector("a.switch");
    const there = new URLSearchParams(model.get("query"));
    there.delete("lang");
    if (link && link.lang !== "zh-CN") there.set("lang", link.lang);
    if (link) link.href = location.pathname + (there.size ? "?" + there : "");
  };
  // Sliders have no name of their own for those who do not see their label.
  const name = () => document.querySelectorAll(".plancore-app .widget-slider").forEach((slider) => {
    const label = slider.querySelector(".widget-label")?.textContent || "";
    slider.querySelectorAll('[role="slider"], .widget-readout').forEach((each) => {
      if (each.getAttribute("aria-label") !== label) each.setAttribute("aria-label", label);
      if (!each.hasAttribute("role")) each.setAttribute("role", "textbox");
    });
  });
  new MutationObserver(name).observe(document.body, { childList: true, characterData: true, subtree: true });
  name();
  model.on("change:words change:message change:title", say);
  model.on("change:busy", busy);
  model.on("change:query", goto);
  model.on("msg:custom", (made, buffers) => { if (made.name) save(made.name, new Blob([buffers[0]], { type: made.type })); });
  say();
  if (own) {
    const ask = () => model.send({ visit: location.search });
    addEventListener("popstate", ask);
    if (location.search !== model.get("asked")) ask(); else goto();
    turn();
    document.body.classList.add("ready");
  }
};

const save = (name, blob) => {
  const anchor = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60000);
};

// A picture of each chart shown, with its title, subtitle and source inside it.
const picture = async (kind, model) => {
  const figures = [...document.querySelectorAll("figure.chart")].filter((figure) => window.plancore.views.has(figure.querySelector(".plot")));
  for (const [n, figure] of figures.entries()) {
    const drawn = await whole(figure);
    const name = `${model.get("name")}${figures.length > 1 ? "-" + (n + 1) : ""}.${kind}`;
    save(name, kind === "svg" ? new Blob([drawn.text], { type: "image/svg+xml" }) : await pixels(drawn, 3));
  }
};

const whole = async (figure) => {
  const view = window.plancore.views.get(figure.querySelector(".plot"));
  const plot = new DOMParser().parseFromString(await view.toSVG(), "image/svg+xml").documentElement;
  const [width, tall] = ["width", "height"].map((side) => Math.ceil(parseFloat(plot.getAttribute(side))));
  const pen = document.createElement("canvas").getContext("2d");
  const font = getComputedStyle(document.body).fontFamily.replaceAll('"', "'");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  let y = 6;
  const write = (said, size, weight, fill) => {
    pen.font = `${weight} ${size}px ${font}`;
    let line = "";
    const put = () => {
      y += size * 1.4;
      const text = document.createElementNS(svg.namespaceURI, "text");
      for (const [key, value] of Object.entries({ x: 6, y, "font-size": size, "font-weight": weight, fill })) text.setAttribute(key, value);
      text.textContent = line.trim();
      svg.append(text);
      line = "";
    };
    for (const piece of said.trim().split(/(?<=[\s\u2e80-\uffff])/)) {
      if (line && pen.measureText(line + piece).width > width - 12) put();
      line += piece;
    }
    if (line) put();
  };
  write(figure.querySelector("figcaption strong").textContent, 16, "bold", "#1f2933");
  write(figure.querySelector("figcaption span").textContent, 13, "normal", "#556069");
  plot.setAttribute("y", y += 8);
  svg.append(plot);
  y += tall;
  write(figure.querySelector(".cited").textContent, 12, "normal", "#556069");
  const height = Math.ceil(y + 8);
  for (const [key, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, "font-family": font })) svg.setAttribute(key, value);
  const paper = document.createElementNS(svg.namespaceURI, "rect");
  for (const [key, value] of Object.entries({ width: "100%", height: "100%", fill: "#fff" })) paper.setAttribute(key, value);
  svg.prepend(paper);
  return { text: new XMLSerializer().serializeToString(svg), width, height };
};

const pixels = async ({ text, width, height }, scale) => {
  const image = make("img", { src: "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text) });
  await image.decode();
  const canvas = make("canvas", { width: width * scale, height: height * scale });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
};

return (context) => (context.model.get("part") === undefined ? place : live)(context);
})();
