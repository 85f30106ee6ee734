"use strict"
const data = JSON.parse(document.getElementById("data").textContent)
const byId = id => document.getElementById(id)
const VERDICTS = ["native", "repaired", "absent", "known", "unexpected"]
const SIGNS = {native: "✓", repaired: "↻", absent: "✗", known: "◆", unexpected: "!"}
const SETS = ["need", "row", "variant", "verdict"]
const TEXTS = ["clause", "version", "q", "open"]

// ---- The state, in the address after its #

let state

function readState() {
  const parameters = new URLSearchParams(location.hash.slice(1))
  state = {differ: parameters.has("differ")}
  for (const name of SETS) state[name] = new Set((parameters.get(name) || "").split(",").filter(Boolean))
  for (const name of TEXTS) state[name] = parameters.get(name) || ""
}

function writeState() {
  const parameters = new URLSearchParams()
  for (const name of SETS) if (state[name].size) parameters.set(name, [...state[name]].join(","))
  for (const name of TEXTS) if (state[name]) parameters.set(name, state[name])
  if (state.differ) parameters.set("differ", "")
  history.replaceState(null, "", "#" + parameters.toString().replaceAll("%2C", ","))
}

// ---- Elements

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "")
    else if (value !== false && value !== undefined) made.setAttribute(name, value)
  }
  made.append(...children)
  return made
}

/** Show text between backticks as code. */
const coded = text => text.split("`").map((part, n) => (n % 2 ? element("code", {}, part) : part))

const title = row => `${row.name} ${row.version}`

function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`
}

const header = row =>
  element("th", {scope: "col"}, element("div", {class: "turned"}, row.name, " ", element("span", {class: "version"}, row.version)))

// ---- The verdicts of cells

const faces = (entry, row) => entry.cells[row].map(([face]) => data.faces[face])
const worst = found => VERDICTS.findLast(verdict => found.some(face => face.verdict === verdict))
const verdict = (entry, row) => worst(faces(entry, row))

const requiring = {}
for (const entry of data.cases) for (const name of entry.requires) (requiring[name] ??= []).push(entry)

/** Return whether a row has a need: "native", "repaired", "partly", "absent" or "unmeasured". */
function has(row, need) {
  const support = data.rows[row].support[need]
  if (support === undefined) return "unmeasured"
  if (support === "absent") return "absent"
  const failing = requiring[need].some(entry => ["known", "unexpected"].includes(verdict(entry, row)))
  return failing ? "partly" : support
}

const lacks = row => [...state.need].filter(need => ["absent", "unmeasured"].includes(has(row, need)))
const says = need => data.capabilities[need]?.says ?? need

// ---- The shown rows and cases

function inVersion(row) {
  if (state.version === "all") return true
  return state.version ? row.version === state.version : row.newest
}

const asked = row => inVersion(row) && (!state.row.size || state.row.has(row.server))
const numbers = data.rows.map((_, number) => number)

function shownRows() {
  return numbers.filter(number => {
    const row = data.rows[number]
    return asked(row) && (isBase(number) || row.variants.every(each => state.variant.has(each))) && !lacks(number).length
  })
}

/** A server without variants, or its first row if it was only measured with variants. */
function isBase(number) {
  const row = data.rows[number]
  const alike = numbers.filter(each => data.rows[each].server === row.server && data.rows[each].version === row.version)
  return number === (alike.find(each => !data.rows[each].variants.length) ?? alike[0])
}

function shownCases(rows) {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean)
  return data.cases.filter(entry => {
    if (state.clause && entry.clause !== state.clause) return false
    const text = `${entry.id} ${entry.says} ${entry.requires.join(" ")}`.toLowerCase()
    if (!words.every(word => text.includes(word))) return false
    const found = rows.map(row => verdict(entry, row))
    if (state.verdict.size && !found.some(each => state.verdict.has(each))) return false
    return !state.differ || new Set(found).size > 1
  })
}

// ---- The answer

function showAnswer() {
  const answer = byId("answer")
  answer.replaceChildren()
  if (!state.need.size) return
  const bases = numbers.filter(number => asked(data.rows[number]) && isBase(number))
  const yes = bases.filter(number => !lacks(number).length)
  const partly = yes.filter(number => [...state.need].some(need => has(number, need) === "partly"))
  const whole = yes.filter(number => !partly.includes(number))
  answer.append(
    element("p", {class: "asked"}, `Which server has ${listed([...state.need].map(says))}?`),
    element("p", {class: "headline"}, whole.length ? `${listed(whole.map(number => title(data.rows[number])))}.` : "No server has all of this."),
    element("ul", {class: "answers"}, ...[...whole, ...partly].map(yesLine), ...noLines(bases.filter(number => lacks(number).length))),
  )
}

function yesLine(number) {
  const row = data.rows[number]
  const by = support => [...state.need].filter(need => has(number, need) === support).map(says)
  const parameters = [
    by("native").length && `by itself: ${listed(by("native"))}`,
    by("repaired").length && `through its adapter: ${listed(by("repaired"))}`,
    by("partly").length && `with failures: ${listed(by("partly"))}`,
  ].filter(Boolean)
  const [able, unable] = variantsOf(number)
  const also = able.length && (unable.length ? `So do ${listed(able)}, but not ${listed(unable)}.` : `So do all of its variants: ${listed(able)}.`)
  const not = !able.length && unable.length && `But not ${listed(unable)}.`
  const word = by("partly").length ? "partly" : "yes"
  return answerLine(word, [title(row)], parameters, also || not)
}

/** One line for all rows that lack the same needs. */
function noLines(rows) {
  const found = new Map()
  for (const number of rows) {
    const by = support => [...state.need].filter(need => has(number, need) === support).map(says)
    const parameters = [
      by("absent").length && `without ${listed(by("absent"))}`,
      by("unmeasured").length && `not measured: ${listed(by("unmeasured"))}`,
    ].filter(Boolean)
    const [able] = variantsOf(number)
    const but = able.length && `But ${listed(able)}.`
    const key = JSON.stringify([parameters, but])
    if (!found.has(key)) found.set(key, {rows: [], parameters, but})
    found.get(key).rows.push(title(data.rows[number]))
  }
  return [...found.values()].map(each => answerLine("no", each.rows, each.parameters, each.but))
}

/** Return the names of a server's other rows in this version: those with all needs, and the others. */
function variantsOf(number) {
  const {server, version} = data.rows[number]
  const others = numbers.filter(each => each !== number && data.rows[each].server === server && data.rows[each].version === version)
  const named = able => others.filter(each => !lacks(each).length === able).map(each => data.rows[each].name)
  return [named(true), named(false)]
}

function answerLine(word, rows, parameters, more) {
  const line = element("li", {class: word}, element("b", {}, `${listed(rows)}: ${word}.`), ` ${sentence(parameters.join("; "))}`)
  if (more) line.append(element("small", {}, more))
  return line
}

const sentence = text => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

// ---- The plots

function showBars(rows) {
  for (const bar of byId("bars").rows) bar.hidden = !rows.includes(Number(bar.dataset.row))
}

function showHeat(rows) {
  const clauses = Object.keys(data.clauses)
  const entries = Object.fromEntries(clauses.map(clause => [clause, data.cases.filter(entry => entry.clause === clause)]))
  const heads = clauses.map(clause => {
    const button = element("button", {type: "button", class: "link", "data-clause": clause, title: data.clauses[clause].title}, clause)
    return element("th", {scope: "col", class: state.clause === clause ? "chosen" : ""}, button)
  })
  const lines = rows.map(row =>
    element(
      "tr", {},
      element("th", {scope: "row"}, data.rows[row].name, " ", element("span", {class: "version"}, data.rows[row].version)),
      ...clauses.map(clause => heatCell(clause, entries[clause], row)),
    ),
  )
  byId("heat").replaceChildren(element("thead", {}, element("tr", {}, element("td"), ...heads)), element("tbody", {}, ...lines))
}

function heatCell(clause, entries, row) {
  const measured = entries.map(entry => verdict(entry, row)).filter(Boolean)
  if (!measured.length) return element("td", {}, element("button", {type: "button", disabled: true, "aria-label": "not measured"}))
  const found = VERDICTS.findLast(each => measured.includes(each))
  const count = measured.filter(each => each === found).length
  const parameters = `${clause} on ${title(data.rows[row])}: ${count} of ${measured.length} cases ${found}`
  return element(
    "td", {},
    element(
      "button",
      {type: "button", class: found, style: `--share:${(count / measured.length).toFixed(2)}`, title: parameters, "aria-label": parameters, "data-clause": clause},
      found === "native" ? "" : String(count),
    ),
  )
}

// ---- The table

function showCases(rows, entries) {
  const lines = []
  let clause
  for (const entry of entries) {
    if (entry.clause !== clause) lines.push(groupLine((clause = entry.clause), rows.length))
    lines.push(
      element(
        "tr", {"data-case": entry.id},
        element("th", {scope: "row"}, element("code", {}, entry.id), element("small", {}, ...coded(entry.says))),
        ...rows.map(row => element("td", {}, cell(entry, row))),
      ),
    )
  }
  byId("cases").replaceChildren(
    element("thead", {}, element("tr", {}, element("th", {scope: "col"}, "case"), ...rows.map(row => header(data.rows[row])))),
    element("tbody", {}, ...lines),
  )
  byId("count").textContent =
    `${entries.length} of ${data.cases.length} cases, ${rows.length} of ${data.rows.length} rows. ` +
    `${VERDICTS.map(each => `${SIGNS[each]} ${each}`).join(", ")}; click a cell for the result of each layer.`
  showOpen()
}

function clauseName(clause) {
  const {title: name = "", address = ""} = data.clauses[clause]
  const text = `${clause} ${name}`.trim()
  return address ? element("a", {href: address}, text) : text
}

const groupLine = (clause, columns) =>
  element("tr", {class: "group"}, element("th", {scope: "rowgroup", colspan: columns + 1}, clauseName(clause)))

function cell(entry, row) {
  const found = faces(entry, row)
  const of = title(data.rows[row])
  if (!found.length) return element("span", {class: "none", title: `${entry.id} wasn't measured on ${of}`}, "–")
  const differs = new Set(found.map(face => face.verdict)).size > 1
  const parameters = `${entry.id} on ${of}: ${differs ? found.map(face => face.verdict).join(" or ") : worst(found)}`
  return element(
    "button",
    {type: "button", class: `cell ${worst(found)}${differs ? " differs" : ""}`, title: parameters, "aria-label": parameters, "aria-expanded": "false", "data-open": `${entry.id}@${of}`},
    SIGNS[worst(found)],
  )
}

function showOpen() {
  for (const old of document.querySelectorAll(".detail")) old.remove()
  for (const button of document.querySelectorAll('.cell[aria-expanded="true"]')) button.setAttribute("aria-expanded", "false")
  const button = [...document.querySelectorAll(".cell")].find(each => each.dataset.open === state.open)
  if (!button) return
  button.setAttribute("aria-expanded", "true")
  const line = button.closest("tr")
  const [id, of] = state.open.split("@")
  const entry = data.cases.find(each => each.id === id)
  const row = data.rows.findIndex(each => title(each) === of)
  line.after(element("tr", {class: "detail"}, element("td", {colspan: line.cells.length}, detail(entry, row))))
}

function detail(entry, row) {
  const found = entry.cells[row]
  const of = data.rows[row]
  const quirks = data.quirks.filter(quirk => quirk.cases.includes(entry.id) && quirk.rows.includes(row))
  return element(
    "article", {class: verdict(entry, row)},
    element("h3", {}, element("code", {}, entry.id), ` on ${title(of)}`),
    element("p", {}, ...coded(entry.says)),
    element("p", {class: "hint"}, clauseName(entry.clause), ...needed(entry)),
    ...found.flatMap(([face, runs]) => faceDetail(data.faces[face], found.length > 1 ? runs.map(run => of.runs[run].environment) : [])),
    ...quirks.map(quirkDetail),
    ...of.runs.filter(run => run.trouble).map(run => element("p", {}, `${run.environment} wasn't run to its end: ${run.trouble}`)),
  )
}

const needed = entry => (entry.requires.length ? [` – requires ${listed(entry.requires.map(says))}`] : [])

function faceDetail(face, environments) {
  const known = face.known ? [", ", element("a", {href: face.known}, "see the thread")] : []
  const line = element(
    "p", {class: face.verdict}, element("span", {class: "word"}, face.verdict),
    `, declared ${face.declared}`, ...known, environments.length ? ` in ${listed(environments)}` : "",
  )
  const text = number => data.texts[number] ?? ""
  const layers = face.layers.map(layer =>
    element(
      "tr", {}, element("th", {scope: "row"}, layer.layer),
      ...(layer.passed
        ? [element("td", {colspan: 2}, "passed")]
        : layer.trouble !== null
          ? [element("td", {colspan: 2}, text(layer.trouble))]
          : [element("td", {}, text(layer.expected)), element("td", {}, text(layer.seen))]),
    ),
  )
  const head = element("thead", {}, element("tr", {}, ...["layer", "expected", "saw"].map(name => element("th", {scope: "col"}, name))))
  const logs = new Set(face.layers.map(layer => layer.log).filter(log => typeof log === "number"))
  return [
    line,
    element("table", {class: "layers"}, head, element("tbody", {}, ...layers)),
    ...[...logs].map(log => element("pre", {}, text(log))),
  ]
}

function quirkDetail(quirk) {
  const repairs = quirk.repair.flatMap(([where, text]) => [` ${where}: `, ...coded(text)])
  const links = quirk.upstream.flatMap(([text, address]) => [" ", element("a", {href: address}, text)])
  return element("p", {class: "quirk"}, element("b", {}, `Quirk ${quirk.number}.`), " ", ...coded(quirk.does), ...repairs, ...links)
}

// ---- Everything together

function show() {
  const rows = shownRows()
  for (const button of document.querySelectorAll("[data-needs]")) {
    const needs = button.dataset.needs.split(" ")
    button.setAttribute("aria-pressed", String(needs.every(need => state.need.has(need))))
  }
  for (const name of ["row", "variant", "verdict"]) {
    for (const button of byId(name)?.children ?? []) button.setAttribute("aria-pressed", String(state[name].has(button.value)))
  }
  for (const name of ["clause", "version", "q"]) if (byId(name).value !== state[name]) byId(name).value = state[name]
  byId("differ").checked = state.differ
  showAnswer()
  showBars(rows)
  showHeat(rows)
  showCases(rows, shownCases(rows))
}

function change(alter) {
  alter()
  writeState()
  show()
}

function toggle(set, values) {
  const remove = values.every(value => set.has(value))
  for (const value of values) remove ? set.delete(value) : set.add(value)
}

document.addEventListener("click", event => {
  const button = event.target.closest("button")
  if (!button) return
  if (button.dataset.needs) change(() => toggle(state.need, button.dataset.needs.split(" ")))
  else if (button.dataset.clause) {
    change(() => (state.clause = state.clause === button.dataset.clause ? "" : button.dataset.clause))
    byId("cases-title").focus() // the pressed button is gone, because the plot is drawn again
    byId("cases-title").scrollIntoView()
  } else if (button.dataset.open) {
    state.open = state.open === button.dataset.open ? "" : button.dataset.open
    writeState()
    showOpen()
  } else if (button.parentElement.matches("#row, #variant, #verdict")) change(() => toggle(state[button.parentElement.id], [button.value]))
})
for (const name of ["clause", "version"]) byId(name).addEventListener("change", event => change(() => (state[name] = event.target.value)))
byId("q").addEventListener("input", event => change(() => (state.q = event.target.value)))
byId("differ").addEventListener("change", event => change(() => (state.differ = event.target.checked)))
byId("filters").addEventListener("submit", event => event.preventDefault())
byId("filters").addEventListener("reset", event => {
  event.preventDefault()
  location.hash = ""
})
window.addEventListener("hashchange", () => {
  readState()
  show()
})
readState()
show()
