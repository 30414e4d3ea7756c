"use strict";

const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const isTouched = matchMedia("(pointer: coarse)").matches;
const figures = JSON.parse(document.getElementById("figures").textContent);

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function coloredTrace(trace) {
  const number = trace.meta.color;
  const chosen = color(number === null ? "muted" : `series-${number % 8}`);
  const colored = { ...trace, line: { ...trace.line, color: chosen } };
  if (trace.fill) colored.fillcolor = `${chosen}2e`;
  if (trace.marker) colored.marker = { ...trace.marker, color: chosen };
  return colored;
}

function coloredLayout(layout) {
  const axis = { gridcolor: color("line"), linecolor: color("line"), zerolinecolor: color("line") };
  return {
    ...layout,
    paper_bgcolor: "transparent",
    plot_bgcolor: "transparent",
    dragmode: isTouched ? false : "zoom",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("muted") },
    hoverlabel: {
      ...layout.hoverlabel,
      bgcolor: color("surface"),
      bordercolor: color("line"),
      font: { color: color("ink") },
    },
    xaxis: { ...layout.xaxis, ...axis },
    yaxis: { ...layout.yaxis, ...axis },
  };
}

function draw() {
  for (const [id, { data, layout }] of Object.entries(figures)) {
    Plotly.react(id, data.map(coloredTrace), coloredLayout(layout), {
      displayModeBar: false,
      responsive: true,
    });
  }
}

function showStep(step) {
  document.getElementById("shown-step").textContent = step.toLocaleString("en");
  for (const figure of document.querySelectorAll(".grids")) {
    const images = [...figure.querySelectorAll("img")];
    const newest = images.findLastIndex((image) => Number(image.dataset.step) <= step);
    images.forEach((image, i) => {
      image.hidden = i !== Math.max(newest, 0);
    });
  }
}

const slider = document.getElementById("step");
if (slider) {
  const steps = slider.dataset.steps.split(" ").map(Number);
  slider.addEventListener("input", () => showStep(steps[slider.valueAsNumber]));
  // A browser that reloads the page may keep the slider where it was.
  showStep(steps[slider.valueAsNumber]);
}
draw();
darkScheme.addEventListener("change", draw);
