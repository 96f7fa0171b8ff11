import type { Env } from "./env.ts";
import { serve } from "./serve.ts";

export { GenerationFloor } from "./load/floor-object.ts";
export { Limiter } from "./rate-limiter/durable-object.ts";

export default { fetch: serve } satisfies ExportedHandler<Env>;
