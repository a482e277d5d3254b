// What an app's page does by itself: the widgets take their place, and a reader is told when the kernel is lost, that is, when
// the websocket was closed and the kernel does not answer any more.
(() => {
  let leaving = false, asking = false;
  const gone = () => {
    const note = document.querySelector("main > .lost");
    if (!note || leaving) return;
    note.hidden = false;
    note.querySelector("button").onclick = () => location.reload();
  };
  const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
  // A line that breaks may come back by itself; a kernel that is not there any more never does.
  const ask = async (kernel) => {
    if (asking) return;
    asking = true;
    for (let turn = 0; turn < 4 && !leaving; turn += 1) {
      try {
        const answer = await fetch(kernel, { cache: "no-store" });
        if (!answer.ok) break;
        if ((await answer.json()).connections > 0) { asking = false; return; }
      } catch { /* the server itself cannot be reached */ }
      await wait(2);
    }
    asking = false;
    gone();
  };
  // A widget takes its place once all are known. Voila's own way gives up after two seconds, too soon where many load at once.
  const show = async (manager, place) => {
    try {
      const view = await manager.create_view(await manager.get_model(place.dataset.model));
      view.luminoWidget.constructor.attach(view.luminoWidget, place);
    } catch (error) {
      console.error(error);
      gone();
    }
  };
  Object.defineProperty(window, "jupyterapp", { set(app) { // Voila sets it when it has started
    const manager = app.widgetManager;
    if (!manager) return gone();
    const all = () => {
      manager.restored.disconnect(all);
      document.querySelectorAll("[data-model]").forEach((place) => show(manager, place));
    };
    if (manager.restoredStatus) all();
    else manager.restored.connect(all);
  } });

  // anywidget gives up on a widget whose script is not there two seconds after its model, and the widget stays dead: too soon
  // where many load at once. Nothing else on the page asks for such a limit, and a script that fails says so by itself.
  AbortSignal.timeout = () => new AbortController().signal;

  addEventListener("pagehide", () => { leaving = true; });
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  const Line = window.WebSocket;
  window.WebSocket = class extends Line {
    constructor(address, ...more) {
      super(address, ...more);
      this.addEventListener("close", (event) => event.code === 4404 ? gone() : ask(String(address).replace(/^ws/, "http").replace(/\/channels.*/, "")));
    }
  };
})();
