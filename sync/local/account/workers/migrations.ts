import { deriveId, type ErrorReply } from "../api-types.ts";
import { workersErrors } from "./api-errors.ts";
import type { DurableObjectClass, LocalScript } from "./script-model.ts";
import type { Migration } from "./upload-form.ts";

type Migrated = Pick<LocalScript, "migrationTag" | "durableObjectClasses">;

/** Returns the classes of Durable Objects after a migration, or why it is rejected. */
export function applyMigration(
  script: Pick<LocalScript, "name" | "migrationTag" | "durableObjectClasses">,
  migration: Migration | undefined,
  isFreePlan: boolean,
): Migrated | ErrorReply {
  const { migrationTag, durableObjectClasses } = script;
  if (!migration) return { ...(migrationTag !== undefined && { migrationTag }), durableObjectClasses };
  if (migration.old_tag !== migrationTag) return workersErrors.migrationTagMismatch(migrationTag ?? "");
  const steps = migration.steps ?? [];
  const plainNames = steps.flatMap((step) => step.new_classes ?? []);
  const sqliteNames = steps.flatMap((step) => step.new_sqlite_classes ?? []);
  if (isFreePlan && plainNames.length > 0) return workersErrors.sqliteRequired();
  const existingName = [...plainNames, ...sqliteNames].find((name) =>
    durableObjectClasses.some((c) => c.name === name),
  );
  if (existingName !== undefined) return workersErrors.classExists(existingName);
  const deletedNames = new Set(steps.flatMap((step) => step.deleted_classes ?? []));
  const addClass = (name: string, usesSqlite: boolean): DurableObjectClass => ({
    id: deriveId(`${script.name} ${name}`),
    name,
    usesSqlite,
  });
  const classes = [
    ...durableObjectClasses,
    ...plainNames.map((name) => addClass(name, false)),
    ...sqliteNames.map((name) => addClass(name, true)),
  ].filter(({ name }) => !deletedNames.has(name));
  return { ...(migration.new_tag !== undefined && { migrationTag: migration.new_tag }), durableObjectClasses: classes };
}
