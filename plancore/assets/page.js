// A published page: alive as soon as it is read, and a folded part opens where a link leads into it.
plancore.alive(document.body, JSON.parse(document.getElementById("settings").textContent));
{
  const open = () => {
    const part = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = part && part.closest("details");
    if (fold) { fold.open = true; part.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  addEventListener("load", open);
}
