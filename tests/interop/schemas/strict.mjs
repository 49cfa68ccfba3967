// Compiles every schema of the lists on standard input by Ajv, strict, and says which it refuses: {"app": {"tool": "why"}}.
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const lists = JSON.parse(await new Response(process.stdin).text());
const refusals = {};
for (const [app, tools] of Object.entries(lists)) {
  refusals[app] = {};
  for (const tool of tools) {
    for (const schema of [tool.inputSchema, tool.outputSchema].filter(Boolean)) {
      try {
        const ajv = new Ajv2020({ strict: true, allowUnionTypes: false, logger: { log() {}, warn(words) { throw new Error(words); }, error() {} } });
        // MCP's own word for arguments that are told in headers too.
        ajv.addKeyword("x-mcp-header");
        addFormats(ajv);
        ajv.compile(schema);
      } catch (error) {
        refusals[app][tool.name] = error.message;
      }
    }
  }
}
console.log(JSON.stringify(refusals));
