// Plays one scenario: see stage.mjs for the arguments.
import accounts from "./accounts.mjs";
import factors from "./factors.mjs";
import providers from "./providers.mjs";
import sites from "./sites.mjs";
import { scenario, withBrowser } from "./stage.mjs";

/** Longest play, in milliseconds. */
const LONGEST = 120_000;

setTimeout(() => {
  console.error(`${scenario} does not come to an end`);
  process.exit(1);
}, LONGEST).unref();
await withBrowser({ ...accounts, ...factors, ...providers, ...sites }[scenario]);
