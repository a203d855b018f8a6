// Evaluates expressions of GitHub's workflows with GitHub's own evaluator. Standard input: { contexts, status, templates, conditions },
// standard output: { templates, conditions }, in the same order.
import { readFileSync } from "node:fs";
import { Evaluator, Lexer, Parser, data } from "@actions/expressions";

const { contexts: plain, status, templates, conditions } = JSON.parse(readFileSync(0, "utf8"));
const contexts = JSON.parse(JSON.stringify(plain), data.reviver);
const functions = Object.entries({
  always: true,
  success: status === "success",
  failure: status === "failure",
  cancelled: false,
}).map(([name, value]) => ({ name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value) }));

function evaluate(text) {
  const tokens = new Lexer(text).lex().tokens;
  const names = contexts.pairs().map((pair) => pair.key);
  const tree = new Parser(tokens, names, functions).parse();
  return new Evaluator(tree, contexts, new Map(functions.map((one) => [one.name, one]))).evaluate();
}

const render = (text) => text.replace(/\$\{\{(.*?)\}\}/gs, (_, inner) => evaluate(inner).coerceString());

// docs.github.com, "Evaluate expressions", "Status check functions": without one, success() has to hold as well.
function holds(condition) {
  const inner = condition.replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1");
  const named = /\b(always|success|failure|cancelled)\s*\(/.test(inner);
  const value = evaluate(named ? inner : `success() && (${inner})`);
  return value.coerceString() !== "" && value.coerceString() !== "false" && value.coerceString() !== "0";
}

console.log(JSON.stringify({ templates: templates.map(render), conditions: conditions.map(holds) }));
