// The official TypeScript client's scripted day with the example that has everything in it: `node day.mjs URL REVISION`.
//
// It prints what it was given and fails on the first difference. It must never see more than a client sees.

import { Client, ProtocolError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const [url, revision] = process.argv.slice(2);
const isModern = revision === "2026-07-28";
const trip = { city: "Oslo", nights: 3 };
const pageSize = 16;

function check(holds, what) {
  if (!holds) {
    console.log(`FAILED: ${what}`);
    process.exit(1);
  }
  console.log(`  ok: ${what}`);
}

const textOf = (result) => result.content.map((block) => block.text ?? "").join(" ");

/** A client that answers a form's one field, and remembers what it was asked. */
async function connect(asked) {
  const options = { capabilities: { elicitation: { form: {} } } };
  if (isModern) options.versionNegotiation = { mode: { pin: revision } };
  const client = new Client({ name: "day", version: "1" }, options);
  client.setRequestHandler("elicitation/create", (request) => {
    const [key] = Object.keys(request.params.requestedSchema.properties);
    asked.push(key);
    return { action: "accept", content: { [key]: trip[key] } };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  check(client.getNegotiatedProtocolVersion() === revision, `${client.getServerVersion().name} speaks ${revision}`);
  return client;
}

/** The client walks the pages itself; that there were several is seen by asking for the second. */
async function seeLists(client) {
  const lists = [
    [await client.listTools(), "tools", "name", "plan_trip"],
    [await client.listPrompts(), "prompts", "name", "test_prompt_with_arguments"],
    [await client.listResources(), "resources", "uri", "test://static-text"],
    [await client.listResourceTemplates(), "resourceTemplates", "uriTemplate", "test://template/{id}/data"],
  ];
  for (const [list, field, name, needed] of lists) {
    const names = list[field].map((item) => item[name]);
    check(names.includes(needed) && new Set(names).size === names.length, `${names.length} ${field}, ${needed} among them`);
  }
  const [{ tools }] = lists[0];
  const first = await client.request({ method: "tools/list", params: {} });
  check(first.tools.length === pageSize && tools.length > pageSize, `a page of tools has ${pageSize}`);
  const second = await client.listTools({ cursor: first.nextCursor });
  check(second.tools[0].name === tools[pageSize].name, "and the second goes on after the first");
}

async function hearProgress(client) {
  const seen = [];
  const onprogress = ({ progress, total }) => seen.push(`${progress}/${total}`);
  const result = await client.callTool({ name: "count_slowly", arguments: { to: 5 } }, { onprogress });
  seen.push("result");
  check(!result.isError && seen.join(" ") === "1/5 2/5 3/5 4/5 5/5 result", `in this order: ${seen.join(" ")}`);
}

/** A revision without a way to ask says so in the tool's result. */
async function beAsked(client, asked) {
  const seen = [];
  // The client adds a report of its own for each round, which knows no total.
  const onprogress = ({ progress, total }) => total && seen.push(progress);
  const result = await client.callTool({ name: "plan_trip", arguments: {} }, { onprogress });
  if (!isModern) {
    check(result.isError && textOf(result).includes("2026-07-28"), `plan_trip cannot ask here, and says so: ${textOf(result)}`);
    return;
  }
  check(textOf(result) === "3 nights in Oslo", `plan_trip says: ${textOf(result)}`);
  check(asked.join() === "city,nights", `it asked once for each of ${asked.join(", ")}`);
  check(seen.join() === "1,2,3", `its progress, over all rounds: ${seen.join(", ")}`);
}

async function readAndComplete(client) {
  const [text] = (await client.readResource({ uri: "test://static-text" })).contents;
  check(text.mimeType === "text/plain" && text.text.includes("static text"), `test://static-text reads: ${text.text}`);
  const [data] = (await client.readResource({ uri: "test://template/42/data" })).contents;
  check(data.text.includes("42"), `test://template/42/data reads: ${data.text}`);
  const name = "test_prompt_with_arguments";
  const { messages } = await client.getPrompt({ name, arguments: { arg1: "paris", arg2: "park" } });
  check(/paris.*park/s.test(messages[0].content.text), `a prompt with its arguments: ${messages[0].content.text}`);
  for (const [value, expected] of [["par", "paris,park,party"], ["part", "party"]]) {
    const { completion } = await client.complete({ ref: { type: "ref/prompt", name }, argument: { name: "arg1", value } });
    check(completion.values.join() === expected, `\`${value}\` completes to ${completion.values.join(", ")}`);
  }
}

/** Gives up a call that would go on for an hour; the connection stays of use. */
async function cancel(client) {
  const giveUp = new AbortController();
  const onprogress = ({ progress }) => progress === 3 && giveUp.abort("enough");
  const call = client.callTool({ name: "count_slowly", arguments: { to: 36000 } }, { onprogress, signal: giveUp.signal });
  const outcome = await call.then(() => "a result", (error) => error);
  check(outcome instanceof Error && !(outcome instanceof ProtocolError), `count_slowly was given up: ${outcome.message}`);
  const announced = await client.callTool({ name: "announce", arguments: {} });
  check(!announced.isError && textOf(announced), `announce says: ${textOf(announced)}`);
}

async function fails(call, what) {
  const error = await call.then(() => undefined, (thrown) => thrown);
  check(error instanceof ProtocolError && error.code === -32602, `${what}: ${error?.code} ${error?.message}`);
}

async function meetErrors(client) {
  await fails(client.callTool({ name: "no_such_tool", arguments: {} }), "an unknown tool");
  await fails(client.getPrompt({ name: "no_such_prompt" }), "an unknown prompt");
  await fails(client.readResource({ uri: "test://no-such-resource" }), "an unknown resource");
  await fails(client.listTools({ cursor: "no-such-cursor" }), "an unknown cursor");
}

const asked = [];
const client = await connect(asked);
await seeLists(client);
await hearProgress(client);
await beAsked(client, asked);
await readAndComplete(client);
await meetErrors(client);
await cancel(client);
await client.close();
