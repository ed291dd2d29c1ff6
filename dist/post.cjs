const bundleUrl = require('node:url').pathToFileURL(__filename).href
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));

// src/platform/github-work.ts
var import_promises = require("node:fs/promises");
var import_node_os = __toESM(require("node:os"), 1);
var import_node_path = __toESM(require("node:path"), 1);
var workState = "work";
var prefix = "tagproof-";
async function post(environment = process.env) {
  const work = environment[`STATE_${workState}`] ?? "";
  if (import_node_path.default.dirname(work) !== runnerTemp(environment) || !import_node_path.default.basename(work).startsWith(prefix)) return;
  await (0, import_promises.rm)(work, { recursive: true, force: true, maxRetries: 3 });
}
function runnerTemp(environment) {
  return import_node_path.default.resolve(environment.RUNNER_TEMP ?? import_node_os.default.tmpdir());
}

// entry.mjs
post();
