// The build of recheck that runs in the same thread. It is CommonJS, and the package has no types for it.
declare module "recheck/lib/browser.js" {
  import type { checkSync } from "recheck";

  const recheck: { checkSync: typeof checkSync };
  // biome-ignore lint/style/noDefaultExport: it is how Node shows a CommonJS module.
  export default recheck;
}
