// src/post.ts
import { rmSync } from "node:fs";

// src/runner.ts
import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync } from "node:fs";
var InputError = class extends Error {
};
function runnerOf(env, write, newId = randomUUID) {
  const message = (text) => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
  const property = (text) => message(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
  function append(file, name, value) {
    const path = env[file];
    if (!path || !existsSync(path)) throw new Error(`${file} is missing. This action runs only on GitHub Actions.`);
    const delimiter = `ghadelimiter_${newId()}`;
    if (name.includes(delimiter) || value.includes(delimiter)) throw new Error("a value contains the delimiter");
    appendFileSync(path, `${name}<<${delimiter}
${value}
${delimiter}
`);
  }
  const input = (name) => (env[`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`] ?? "").trim();
  return {
    env,
    input,
    required(name) {
      const value = input(name);
      if (value === "") throw new InputError(`Input required and not supplied: ${name}`);
      return value;
    },
    /** YAML's true and false, in the forms that the toolkit accepts. */
    flag(name, fallback = false) {
      const value = input(name);
      if (value === "") return fallback;
      if (/^(true|True|TRUE)$/.test(value)) return true;
      if (/^(false|False|FALSE)$/.test(value)) return false;
      throw new InputError(`Input ${name} must be true or false`);
    },
    /** A whole number, or undefined. */
    number(name) {
      const value = input(name);
      if (value === "") return void 0;
      if (!/^\d{1,9}$/.test(value)) throw new InputError(`Input ${name} must be a whole number`);
      return Number(value);
    },
    /** Call this before any other use of a secret. The runner masks the secret in all later output. */
    mask(secret) {
      if (secret.trim() !== "") write(`::add-mask::${message(secret)}`);
    },
    exportVariable: (name, value) => append("GITHUB_ENV", name, value),
    output: (name, value) => append("GITHUB_OUTPUT", name, value),
    saveState: (name, value) => append("GITHUB_STATE", name, value),
    state: (name) => env[`STATE_${name}`] ?? "",
    /** Prints any text safely: the runner looks for commands at the start of a line (`::`) and within a line (`##[`). */
    info: (text) => write(
      text.replaceAll(/[\r\n]+/g, " ").replaceAll("::", ": :").replaceAll("##[", "# #[")
    ),
    notice: (title, text) => write(`::notice title=${property(title)}::${message(text)}`),
    error: (title, text) => write(`::error title=${property(title)}::${message(text)}`)
  };
}

// src/post.ts
var runner = runnerOf(process.env, (line) => void process.stdout.write(`${line}
`));
var folder = runner.state("folder");
if (folder !== "") rmSync(folder, { recursive: true, force: true });
if (runner.state("exported") === "true") {
  for (const name of [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    ...folder === "" ? [] : ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"]
  ])
    runner.exportVariable(name, "");
}
