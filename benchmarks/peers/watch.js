// What a visitor sees, watched from inside the page: when a chart is drawn, when it changes after a key, when its words do.
// A chart's sign is the number written at its line's end: the same in SVG and on a canvas, drawn by a server or by Vega.
// Visible means laid out and not hidden; it may be below the fold.
(() => {
  if (window !== window.top) return;
  const NUMBER = /\d{2,3}\.\d+/g;
  const roots = [document];
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (how) {
    const root = attach.call(this, how);
    roots.push(root);
    return root;
  };
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (said, ...place) {
    const found = String(said).match(NUMBER);
    if (found) this.canvas.written = found.join(" ");
    return write.call(this, said, ...place);
  };

  const all = (selector) => roots.filter((root) => root.isConnected).flatMap((root) => [...root.querySelectorAll(selector)]);
  const shown = (element) => element.getBoundingClientRect().height > 100
    && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const written = (chart) => chart.tagName === "CANVAS" ? chart.written || ""
    : ([...chart.querySelectorAll("text")].map((text) => text.textContent).join(" ").match(NUMBER) || []).join(" ");
  const chart = () => all(watched.chart).filter(shown).map(written).find(Boolean) || "";
  const words = () => watched.words ? all(watched.words)[0]?.textContent || "" : "";
  const slider = () => all(watched.slider).find((element) => element.checkVisibility());

  const seen = { first: 0, pressed: 0, drawn: 0, answered: 0, chart: "", words: "", armed: false };
  const waiting = new Set();
  const until = (holds) => new Promise((then) => waiting.add({ holds, then }));
  const done = () => Boolean(seen.drawn && seen.answered);
  const each = () => {
    const now = performance.now();
    const sign = chart();
    if (sign && !seen.first) seen.first = now;
    if (seen.armed && sign && !seen.drawn && sign !== seen.chart) seen.drawn = now;
    const follows = watched.words ? words() && words() !== seen.words : seen.drawn;  // without words of its own, the chart is Python's answer
    if (seen.armed && follows && !seen.answered) seen.answered = now;
    waiting.forEach((one) => {
      if (!one.holds()) return;
      waiting.delete(one);
      one.then();
    });
    requestAnimationFrame(each);
  };
  requestAnimationFrame(each);
  addEventListener("keydown", (event) => { seen.pressed = seen.pressed || event.timeStamp; }, true);

  window.watch = {
    seen,
    arm: () => Object.assign(seen, { pressed: 0, drawn: 0, answered: 0, chart: chart(), words: words(), armed: true }),
    arrived: () => until(() => seen.first).then(() => seen.first),
    changed: () => until(done).then(() => seen),
    changes: (within) => Promise.race([until(done), new Promise((then) => { setTimeout(then, within); })]).then(done),
    controlled: () => until(slider).then(() => true),
    focus: () => {
      slider()?.focus();
      return Boolean(slider());
    },
    now: () => chart() + " " + words(),
  };
})();
