// What the widgets of an app run in the browser: a page of ours has the scripts already, elsewhere (JupyterLab) the kernel sends them once.
const sent = (model) => new Promise((done, failed) => {
  model.on("msg:custom", (message, buffers) => {
    if (message.made !== "scripts") return;
    document.head.append(Object.assign(document.createElement("style"), { textContent: message.style }));
    const src = URL.createObjectURL(new Blob([buffers[0]], { type: message.type }));
    document.head.append(Object.assign(document.createElement("script"), { src, onload: done, onerror: failed }));
  });
  model.send({ make: "scripts" });
});
const loaded = () => document.readyState === "complete" ? Promise.resolve()
  : new Promise((done) => addEventListener("load", done, { once: true }));

export default {
  async render(context) {
    if (!window.plancore?.render)
      await (document.body.dataset.app !== undefined ? loaded() : (window.plancoreScripts ??= sent(context.model)));
    return window.plancore.render(context);
  },
};
