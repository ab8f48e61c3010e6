// Draws every figure and lets the legends, all as one, switch arms off and on in all of them.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const config = read("theme");
const views = [];
const hidden = new Set();

function show(view) {
  const names = [...hidden];
  if (view.getState({ signals: (name) => name === "hidden", data: () => false }).signals.hidden !== undefined) {
    return view.signal("hidden", names).runAsync();
  }
  return view;
}

for (const button of document.querySelectorAll(".legend button")) {
  button.addEventListener("click", () => {
    const arm = button.dataset.arm;
    hidden.has(arm) ? hidden.delete(arm) : hidden.add(arm);
    for (const other of document.querySelectorAll(".legend button")) {
      other.setAttribute("aria-pressed", String(!hidden.has(other.dataset.arm)));
    }
    Promise.all(views.map(show)).then(() => document.dispatchEvent(new Event("redrawn")));
  });
}

// A scale between two colours needs their values; a figure of one is drawn again when the page changes its colours.
const needsColours = (spec) => spec.usermeta?.colours === "resolved";
function inColours(spec) {
  const style = getComputedStyle(document.documentElement);
  const text = JSON.stringify(spec).replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
  return JSON.parse(text);
}

function draw([id, spec]) {
  const place = document.getElementById(id);
  return window.vegaEmbed(place, needsColours(spec) ? inColours(spec) : spec, { actions: false, renderer: "svg", config })
    .then((result) => { views.push(result.view); return show(result.view); })
    .catch((error) => { place.textContent = `This figure could not be drawn: ${error.message}`; console.error(error); });
}

const specs = Object.entries(read("specs"));
const drawn = specs.map(draw);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  specs.filter(([, spec]) => needsColours(spec)).forEach(draw);
});
Promise.all(drawn).then(() => document.dispatchEvent(new Event("drawn")));

// A figure that was drawn in a closed section has no width yet.
for (const details of document.querySelectorAll("details")) {
  details.addEventListener("toggle", () => window.dispatchEvent(new Event("resize")));
}
