// The build of recheck that runs in this very thread: CommonJS, which the package ships without types of its own.
declare module "recheck/lib/browser.js" {
  import type { checkSync } from "recheck";

  const recheck: { checkSync: typeof checkSync };
  // biome-ignore lint/style/noDefaultExport: it is how Node shows a CommonJS module.
  export default recheck;
}
