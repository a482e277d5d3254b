// Turns each figure's specification into a live chart when it comes into view; the drawn SVG stays where that fails.
addEventListener("load", () => {
  if (!window.vegaEmbed) return;
  const enliven = async (figure) => {
    const plot = figure.querySelector(".plot");
    const still = plot.innerHTML;
    try {
      plot.style.minHeight = plot.offsetHeight + "px";
      const spec = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
      await vegaEmbed(plot, spec, { actions: false, renderer: "svg" });
      plot.removeAttribute("role");
      plot.style.minHeight = "";
    } catch (error) {
      plot.innerHTML = still;
      console.warn("chart stays a picture:", error);
    }
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      enliven(entry.target);
    }
  }, { rootMargin: "300px" });
  document.querySelectorAll("figure.chart").forEach((figure) => seen.observe(figure));
  const open = () => {
    const part = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = part && part.closest("details");
    if (fold) { fold.open = true; part.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
});
