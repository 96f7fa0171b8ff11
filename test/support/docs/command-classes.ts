/** Commands of one kind, and the test that runs that kind of command. */
export interface CommandClass {
  readonly pattern: RegExp; // of the whole command
  readonly test: string; // a file, from the root
  readonly proof: RegExp; // what that file contains
}
/** Commands of the documentation that need more than this machine to run. */
export const COMMAND_CLASSES: readonly CommandClass[] = [
  {
    pattern: /^npx edgress (init|check|uninstall|publish --manifests manifests\/ --manage-hosts)( --?.*)?$/,
    test: "test/docs/install.test.ts",
    proof: /runStep\(\/edgress init\/\)[\s\S]*publish[\s\S]*check[\s\S]*uninstall/,
  },
  {
    pattern: /^npx edgress keys rotate --edge-url \S+$/,
    test: "test/cli/account/rotate.test.ts",
    proof: /"keys", "rotate"/,
  },
  {
    pattern: /^export CLOUDFLARE_(ACCOUNT_ID|API_TOKEN)=\S+$|^curl -i https:\/\/shop\.example\.com\/$/,
    test: "test/support/setup/setup-world.ts",
    proof: /CLOUDFLARE_ACCOUNT_ID: account\.accountId/,
  },
  {
    pattern: /^npm install edgress( wrangler)?$/,
    test: "test/cli/package.test.ts",
    proof: /"install", join\(folder, tarball\)/,
  },
  {
    pattern: /^TEST_NODE=\$\(command -v node\) npm run test:package$/,
    test: "package.json",
    proof: /"test:package": "npm run build/,
  },
  // No registry and no Docker engine is on a machine that runs the tests.
  {
    pattern: /^(base=node:\S+|digest=\$\(docker buildx .*\)|EDGRESS_IMAGE=\S+ NODE_IMAGE=\S+ npm run image -- .*)$/,
    test: "test/cli/workflows.test.ts",
    proof: /npm run/,
  },
  { pattern: /^npm (install|start)$/, test: "test/cli/dev.test.ts", proof: /startDev/ },
  { pattern: /^npm run (check|types|docs|test:cluster)$/, test: ".ci/run", proof: /npm run check/ },
  { pattern: /^npm run soak -- --minutes \d+( --seed \d+)?$/, test: ".ci/run", proof: /npm run soak/ },
  { pattern: /^npm run bench( -- --only \S+)?( --quick)?$/, test: "test/bench/report.test.ts", proof: /"run\.ts"/ },
  { pattern: /^npx node --test \S+$/, test: "package.json", proof: /"test": ".*node --test/ },
  {
    pattern: /^npx edgress publish --manifests manifests\/$/,
    test: "test/cli/publish/publish.test.ts",
    proof: /"publish"/,
  },
  {
    pattern: /^npx edgress publish --manifests manifests\/ --dry-run --format json$/,
    test: "test/cli/publish/changes.test.ts",
    proof: /"--dry-run", "--format", "json"/,
  },
  {
    pattern: /^npx edgress publish --manifests manifests\/ --edge-url https:\/\/example\.com --wait$/,
    test: "test/cli/publish/wait.test.ts",
    proof: /"--edge-url", edgeUrl, "--wait"/,
  },
  {
    pattern: /^npx edgress publish --manifests manifests\/ --manifests secrets\/$/,
    test: "test/cli/publish/folders.test.ts",
    proof: /"--manifests", secretsFolder/,
  },
  {
    pattern: /^npx edgress convert examples\/ingress-nginx-migration$/,
    test: "test/cli/convert.test.ts",
    proof: /"convert", `\$\{EXAMPLES\}\/ingress-nginx-migration`/,
  },
  { pattern: /^npx edgress sync --dry-run$/, test: "test/cli/sync.test.ts", proof: /"sync", "--dry-run"/ },
  {
    pattern: /^npx edgress sync --once( --take-ownership)?$/,
    test: "test/cli/sync.test.ts",
    proof: /"sync", "--once"/,
  },
  {
    pattern: /^npx edgress status httproute\/shop\/cart --namespace edgress$/,
    test: "test/cli/status/http-routes.test.ts",
    proof: /"httproute\/default\/shop"/,
  },
  {
    pattern: /^npx edgress status( ingress\/shop\/cart)? --namespace edgress$/,
    test: "test/cli/status/status.test.ts",
    proof: /"ingress\/default\/blog"/,
  },
  {
    pattern: /^npx edgress (publish --manifests manifests\/ --stage 5%|promote|abort)$/,
    test: "test/cli/publications/roll-outs.test.ts",
    proof: /"--stage", "50%"/,
  },
  {
    pattern: /^npx edgress sync --stage 1%,10%,50% --stage-interval 5m$/,
    test: "test/controller/staged-rollouts.test.ts",
    proof: /promoted candidate/,
  },
  {
    pattern: /^npx edgress (plan|apply)( --manifests manifests\/)?( --out plan\.json| plan\.json)?$/,
    test: "test/cli/publications/plan.test.ts",
    proof: /run\("apply", planFile\)/,
  },
  {
    pattern: /^npx edgress (history|show 7 --host shop\.example\.com|diff 6 7|rollback 6|resume)$/,
    test: "test/cli/publications/rollback.test.ts",
    proof: /"rollback", "1", "--yes"/,
  },
  {
    pattern: /^npx edgress approve( [0-9a-f]{12})? --namespace edgress$/,
    test: "test/incidents/large-changes.test.ts",
    proof: /approve/,
  },
  {
    pattern: /^curl -i (-H "[^"]+" )?https:\/\/(shop\.)?example\.com\/\.well-known\/edgress\/(health|generation)$/,
    test: "test/edge/publications.test.ts",
    proof: /\.well-known\/edgress\/generation/,
  },
  {
    pattern: /^curl -i --resolve (\S+):443:192\.0\.2\.[12]0 https:\/\/\1\/\S*$/,
    test: "test/cli/dev.test.ts",
    proof: /curl/,
  },
  {
    pattern: /^npx edgress dev --account-port 8787 --print-env --echo-origins \| tee dev\.log$/,
    test: "test/dev/rehearsal.test.ts",
    proof: /"--account-port", "0", "--print-env", "--echo-origins"/,
  },
  {
    pattern: /^eval "\$\(grep \^export dev\.log\)"$|^curl -i --resolve (\S+):8080:127\.0\.0\.1 http:\/\/\1:8080\/\S*$/,
    test: "test/dev/rehearsal.test.ts",
    proof: /grep \^export/,
  },
  {
    pattern: /^docker (build -f deploy\/Containerfile -t \S+ \.|push \S+)$/,
    test: "test/deploy/image.test.ts",
    proof: /Containerfile/,
  },
  {
    pattern:
      /^kubectl (apply|delete) -k (\.\.\/our-edgress|deploy\/(monitoring|admission-policy))$|^kubectl kustomize \.\.\/our-edgress$/,
    test: "test/docs/flags.test.ts",
    proof: /kubectl", \["kustomize"/,
  },
  {
    pattern: /^helm install edgress deploy\/chart --namespace edgress( --set [a-z.]+=\S+)+$/,
    test: "test/deploy/chart.test.ts",
    proof: /renderChart/,
  },
  {
    pattern: /^kubectl apply -f deploy\/base\/namespace\.yaml$/,
    test: "test/deploy/kustomize.test.ts",
    proof: /deploy\/base/,
  },
  // What reads or changes single objects; that their names are those of deploy/ is checked below.
  {
    pattern:
      /^kubectl( -n (edgress|shop))? (get|describe|logs|scale|rollout (status|restart|undo)|delete (pod|secret)|create (role|rolebinding|configmap|secret generic))( |$)[^|;&`$]*$/,
    test: "test/docs/flags.test.ts",
    proof: /objects of deploy\/base/,
  },
  {
    pattern:
      /^npx edgress dev --manifests manifests\/ .*$|^curl -i -k --resolve shop\.example\.com:8443:127\.0\.0\.1 .*$/,
    test: "test/docs/migration-guide.test.ts",
    proof: /listGuideCommands\("4\. Rehearse"\)/,
  },
  {
    pattern: /^kubectl (diff|apply) -f services\/$|^kubectl (patch --local|apply) -f shop-cart(-edgress)?\.yaml( .*)?$/,
    test: "test/cluster/migration-guide.ts",
    proof: /runSection\("3\. Fix"\)[\s\S]*listCopyCommands\(\)/,
  },
  {
    pattern: /^kubectl -n shop annotate ingress shop-cart \S+$/,
    test: "test/cluster/migration-guide.ts",
    proof: /findAnnotateCommand\("8\. Roll back"\)/,
  },
  // Helm is not on a machine that runs the tests.
  {
    pattern: /^helm template shop charts\/shop \| npx edgress lint - --zone example\.com$/,
    test: "test/lint/command/classes.test.ts",
    proof: /"lint", "-"/,
  },
  { pattern: /^mkdir (\.\.\/our-edgress|manifests)$/, test: "test/docs/flags.test.ts", proof: /our-edgress/ },
  {
    pattern: /^set -a$|^\. \.\/\.edgress\/production\/edgress\.env$|^set \+a$/,
    test: "test/docs/flags.test.ts",
    proof: /edgress\.env/,
  },
];
