// validate.mjs SAMPLES FOLDER validates a file of recorded answers, one a line: Realtime
// events by the schemas of @openai/agents-realtime, and all of them by the types of
// openai, as literals that the TypeScript compiler checks, which knows no further keys.
// FOLDER has node_modules with both.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [file, folder] = process.argv.slice(2);
const types = {
  client: "RealtimeClientEvent", realtime: "RealtimeServerEvent", secret: "ClientSecretCreateResponse", chat: "ChatCompletion", chat_chunk: "ChatCompletionChunk",
  response: "Response", response_event: "ResponseStreamEvent", refusal: "{ error: ErrorObject }",
};
// Those of other providers' APIs are validated by validate.py alone.
const samples = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line)).filter((sample) => sample.kind in types);
const modules = join(folder, "node_modules");
const { realtimeServerEventSchema } = await import(pathToFileURL(join(modules, "@openai/agents-realtime/dist/openaiRealtimeEvents.mjs")));

// What the schemas do not know, although the types of openai do.
const unknownToSchemas = (event) =>
  event.type === "conversation.item.created" || event.type === "input_audio_buffer.timeout_triggered" || event.type === "response.mcp_call.failed" ||
  (event.item?.content ?? []).some((part) => part.type === "input_image");

let wrong = 0;
const complain = (sample, what) => {
  wrong++;
  console.log(`${sample.from}: ${sample.kind} ${sample.value.type ?? ""}: ${what}\n  ${JSON.stringify(sample.value).slice(0, 700)}`);
};
const events = samples.filter((sample) => sample.kind === "realtime");
for (const sample of events) {
  const refused = !realtimeServerEventSchema.safeParse(sample.value).success;
  const meant = unknownToSchemas(sample.value);
  if (sample.departs) continue;
  if (refused && !meant) complain(sample, JSON.stringify(realtimeServerEventSchema.safeParse(sample.value).error.issues).slice(0, 800));
  if (!refused && meant) complain(sample, "the schemas have it now");
}
console.log(`@openai/agents-realtime: ${events.length} events, ${wrong} that its schemas refuse`);

const lines = [
  `import type { RealtimeClientEvent, RealtimeServerEvent } from "openai/resources/realtime/realtime";`,
  `import type { ClientSecretCreateResponse } from "openai/resources/realtime/client-secrets";`,
  `import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";`,
  `import type { Response, ResponseStreamEvent } from "openai/resources/responses/responses";`,
  `import type { ErrorObject } from "openai/resources/shared";`,
];
const first = lines.length;
for (const { kind, value, departs } of samples) {
  if (value.type === "session.created" || value.type === "session.updated") {
    // Keys that the service sends and its types do not have.
    delete value.session.id;
    delete value.session.object;
    delete value.session.expires_at;
  }
  // Which its comment allows, and its type does not.
  if (value.type === "session.update" && value.session.audio?.input?.noise_reduction === null) delete value.session.audio.input.noise_reduction;
  // Which the library adds itself.
  if (kind === "response") value.output_text = "";
  if (kind === "response_event" && value.response) value.response.output_text = "";
  lines.push(departs ? "// @ts-expect-error" : "", `export const v${lines.length}: ${types[kind]} = ${JSON.stringify(value)};`);
}
const work = mkdtempSync(join(folder, "samples-"));
try {
  writeFileSync(join(work, "samples.ts"), lines.join("\n"));
  execFileSync(process.execPath, [
    join(modules, "typescript/bin/tsc"), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--types", "node",
    "--typeRoots", join(modules, "@types"), join(work, "samples.ts"),
  ], { encoding: "utf8", maxBuffer: 1 << 28 });
} catch (e) {
  const seen = new Set();
  for (const [, line, what] of e.stdout.matchAll(/samples\.ts\((\d+),\d+\): error (.*(?:\n {2,}.*)*)/g)) {
    const sample = samples[Math.floor((line - first - 1) / 2)];
    if (!seen.has(line)) complain(sample ?? { from: "imports", kind: "", value: {} }, what.slice(-900));
    seen.add(line);
  }
  if (!seen.size) throw e;
} finally {
  rmSync(work, { recursive: true });
}
console.log(`openai's types by tsc: ${samples.length} samples, ${wrong} refused in all`);
process.exit(wrong ? 1 : 0);
