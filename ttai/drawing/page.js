"use strict";
/* What every page needs: the host, the theme, the sizes, a pen. The page calls `begin` with what it draws. */
const PROTOCOL = "2026-01-26";
const LARGEST = 1e12;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const element = (id) => document.getElementById(id);
const [page, canvas, readout, legend, message] = [document.querySelector("main"), element("chart"), element("readout"),
  element("legend"), element("message")];
const pen = canvas.getContext("2d");

let subject = null;     // what the page draws: {name, title, noun, awaited, parse, isEmpty, start, summary, paint}
let host = {};          // what the host says of itself, merged as it changes
let chart = null;       // the parsed answer
let hidden = new Set(); // names of what the legend turned off

/* MCP Apps (SEP-1865): JSON-RPC over postMessage with the host. */
let lastId = 0;
const answers = new Map();
const post = (body) => window.parent.postMessage({ jsonrpc: "2.0", ...body }, "*");

function request(method, params) {
  const id = ++lastId;
  post({ id, method, params });
  return new Promise((resolve, reject) => answers.set(id, { resolve, reject }));
}

const heard = {
  "ui/notifications/tool-input": (params) => {
    const symbol = params.arguments?.symbol;
    if (!chart && typeof symbol === "string") tell(`Waiting for the ${subject.awaited} of ${symbol.slice(0, 40)}…`);
  },
  "ui/notifications/tool-result": (params) => show(params),
  "ui/notifications/tool-cancelled": () => tell(`The ${subject.noun} was cancelled.`),
  "ui/notifications/host-context-changed": (params) => { host = { ...host, ...params }; dress(); },
};

window.addEventListener("message", (event) => {
  const body = event.data;
  if (event.source !== window.parent || !body || body.jsonrpc !== "2.0") return;
  if (body.method && body.id !== undefined) {
    const known = body.method === "ping" || body.method === "ui/resource-teardown";
    post(known ? { id: body.id, result: {} } : { id: body.id, error: { code: -32601, message: "Method not found" } });
  } else if (Object.hasOwn(heard, body.method ?? "")) {
    heard[body.method](body.params ?? {});
  } else if (answers.has(body.id)) {
    const { resolve, reject } = answers.get(body.id);
    answers.delete(body.id);
    if (body.error) reject(new Error(body.error.message)); else resolve(body.result ?? {});
  }
});

let open = false;       // the host has been greeted
let toldHeight = 0;
function tellSize() {
  const height = Math.ceil(page.getBoundingClientRect().height);
  if (!open || height === toldHeight || page.classList.contains("fill")) return;
  toldHeight = height;
  post({ method: "ui/notifications/size-changed", params: { height } });
}

/* An answer is text and numbers from outside: nothing in it is taken for anything else. */
const number = (value) => (typeof value === "number" && Math.abs(value) < LARGEST ? value : NaN);
const words = (value) => (typeof value === "string" ? value : "");

/* Rows as objects, from a table of columns and rows or from a list of objects. */
function rowsOf(facts, name) {
  const table = facts[name];
  if (Array.isArray(table)) return table.filter((row) => row && typeof row === "object");
  if (!table || !Array.isArray(table.columns) || !Array.isArray(table.rows)) return [];
  const shared = (Array.isArray(table.shared) ? table.shared : []).map((column) => [column, facts[column]]);
  return table.rows.filter(Array.isArray).map((row) =>
    Object.fromEntries([...shared, ...table.columns.map((column, at) => [column, row[at]])]));
}

const newYork = new Intl.DateTimeFormat("en-US", { timeZone: "America/New_York", hourCycle: "h23", year: "numeric",
  month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" });

/* The wall clock of New York as if it were UTC, in milliseconds: a date alone stands for itself. */
function wallClock(text) {
  const told = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  if (!told) return NaN;
  if (!told[6]) {
    const time = Date.UTC(told[1], told[2] - 1, told[3], told[4] ?? 0, told[5] ?? 0);
    return new Date(time).getUTCDate() === Number(told[3]) && told[2] <= 12 ? time : NaN;
  }
  const moment = new Date(text.replace(" ", "T"));
  if (Number.isNaN(moment.getTime())) return NaN;
  const part = Object.fromEntries(newYork.formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute);
}

const two = (value) => String(value).padStart(2, "0");

function clock(time) {
  const date = new Date(time);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

function day(time, year) {
  const date = new Date(time);
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}${year ? `, ${date.getUTCFullYear()}` : ""}`;
}

/* A moment in New York; what is none stands as it came. */
function asOf(text) {
  const time = wallClock(text);
  const known = !Number.isNaN(time) && text.length > 10;
  return text && `as of ${known ? `${day(time, true)} ${clock(time)} New York` : text}`;
}

/* What stands above every drawing, and where its numbers come from. */
const heading = (facts, label) => ({
  label, title: words(facts.title).slice(0, 160) || label || subject.title, theme: words(facts.theme),
  origin: [facts.source === "simulator" ? "SIMULATED" : words(facts.source), asOf(words(facts.as_of)),
    words(facts.session)].filter(Boolean).join(" · ").slice(0, 200),
  simulated: facts.source === "simulator",
});

function show(result) {
  const content = Array.isArray(result.content) ? result.content : [];
  const said = content.filter((block) => block?.type === "text").map((block) => words(block.text)).join("\n");
  chart = subject.parse({ ...result.structuredContent, ...result._meta?.["ttai/page"] });
  hidden = new Set();
  element("title").textContent = chart.title;
  element("origin").textContent = chart.origin;
  subject.start();
  if (result.isError) tell(said || `The ${subject.noun} could not be made.`);
  else if (subject.isEmpty()) tell(said || `There are no ${subject.awaited} to show${chart.label && ` for ${chart.label}`}.`);
  else tell("");
  dress();
}

/* A sentence in the drawing's place, or with none the drawing. */
function tell(sentence) {
  message.textContent = sentence;
  message.hidden = !sentence;
  for (const part of [canvas, readout, legend]) part.hidden = Boolean(sentence);
  if (!sentence) canvas.setAttribute("aria-label", subject.summary());
}

/* A button of the legend that hides what it names; its first child is the mark, where it has one. */
function toggle(name, mark) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  if (mark) button.append(document.createElement("i"));
  button.append(document.createElement("span"));
  button.lastChild.textContent = name;
  button.addEventListener("click", () => {
    if (!hidden.delete(name)) hidden.add(name);
    button.setAttribute("aria-pressed", String(!hidden.has(name)));
    draw();
  });
  return button;
}

function dress() {
  const told = [host.theme, chart?.theme].find((name) => name === "dark" || name === "light");
  const theme = told ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  document.documentElement.style.colorScheme = theme;
  const font = host.styles?.variables?.["--font-sans"];
  if (typeof font === "string") document.documentElement.style.setProperty("--font-sans", font);
  const { top = 0, right = 0, bottom = 0, left = 0 } = host.safeAreaInsets ?? {};
  page.style.padding = `${12 + number(top)}px ${14 + number(right)}px ${10 + number(bottom)}px ${14 + number(left)}px`;
  const room = host.containerDimensions ?? {};
  page.classList.toggle("fill", host.displayMode === "fullscreen" || Number.isFinite(room.height));
  fit();
}

/* The canvas gets the height the host leaves it, in whole device pixels. */
function fit() {
  if (!chart || canvas.hidden) return tellSize();
  const room = host.containerDimensions ?? {};
  if (page.classList.contains("fill")) {
    canvas.style.height = "";
  } else {
    const others = page.getBoundingClientRect().height - canvas.getBoundingClientRect().height;
    const most = Number.isFinite(room.maxHeight) ? room.maxHeight - others : Infinity;
    canvas.style.height = `${Math.max(Math.min(window.innerWidth * 0.5, 460, most), 200)}px`;
  }
  draw();
  tellSize();
}

/* On paper of the canvas's size; the subject is told that size and the theme's colours. */
function draw() {
  if (!chart || canvas.hidden || !canvas.clientWidth) return;
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const style = getComputedStyle(document.documentElement);
  const tone = Object.fromEntries(["paper", "ink", "muted", "grid", "up", "down"]
    .map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  pen.fillStyle = tone.paper;
  pen.fillRect(0, 0, width, height);
  subject.paint(width, height, tone);
}

let pending = false;
function redraw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => { pending = false; draw(); });
}

const decimals = (step) => Math.min(Math.max(-Math.floor(Math.log10(step) + 1e-9), 0), 10);
const price = (value, places) => (Number.isFinite(value)
  ? value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places }) : "–");

function priceTicks(low, high, most) {
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= rough * 0.999);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high && ticks.length < 50; k++) ticks.push(k * step);
  return [ticks, step];
}

function stroke(points, colour, { dash = [], width = 1 } = {}) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  let down = false;
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) { down = false; continue; }
    if (down) pen.lineTo(x, y); else pen.moveTo(x, y);
    down = true;
  }
  pen.stroke();
  pen.setLineDash([]);
}

function measure(text, bold = false) {
  pen.font = `${bold ? "600 " : ""}12px ${getComputedStyle(document.body).fontFamily}`;
  return pen.measureText(text).width;
}

function write(text, x, y, colour, { align = "left", bold = false, box = null } = {}) {
  const width = measure(text, bold);
  pen.textAlign = align;
  pen.textBaseline = "middle";
  if (box) {
    const left = align === "center" ? x - width / 2 : x;
    pen.fillStyle = box;
    pen.fillRect(left - 4, y - 9, width + 8, 18);
  }
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

const crisp = (value) => Math.round(value) + 0.5;

function point(event) {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

/* Greet the host and draw what it sends. */
function begin(what) {
  subject = what;
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
  dress();
  request("ui/initialize", {
    protocolVersion: PROTOCOL,
    appInfo: { name: subject.name, title: subject.title, version: "1.0.0" },
    appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
  }).then((result) => {
    host = { ...result.hostContext };
    open = true;
    post({ method: "ui/notifications/initialized", params: {} });
    dress();
  }).catch(() => tell(`This client did not open the ${subject.noun}.`));
}
