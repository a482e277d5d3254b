// The first paint of an app comes to life, before any widget is there: the last lines of the script that all apps share.
{
  const paint = document.querySelector(".first-paint");
  const settings = document.querySelector("script.settings");
  if (paint && settings) window.plancore.alive(paint, JSON.parse(settings.textContent));
}
