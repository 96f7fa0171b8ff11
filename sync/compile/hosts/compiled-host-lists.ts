import type { HostRules } from "../../../src/rules/snapshot.ts";
import type { Reference } from "../../collect/cluster-model.ts";
import { type ConcatMemo, createConcatMemo, createListMemo, type ListMemo } from "../../incremental/list-memo.ts";
import type { Diagnostic } from "../diagnostics.ts";
import type { RegexUse } from "../regex-verdict.ts";
import type { CompiledHost } from "./compile-host.ts";

/** The parts of all compiled hosts, each as one list. */
export interface CompiledHostLists {
  readonly rules: readonly HostRules[];
  readonly references: readonly Reference[];
  readonly regexes: readonly RegexUse[];
  readonly secretTokens: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The lists of the last compilation, so that a change reads only the hosts that changed. */
export interface CompiledHostMemos {
  readonly rules: ListMemo<CompiledHost, HostRules>;
  readonly references: ConcatMemo<CompiledHost, Reference>;
  readonly regexes: ConcatMemo<CompiledHost, RegexUse>;
  readonly secretTokens: ConcatMemo<CompiledHost, string>;
  readonly diagnostics: ConcatMemo<CompiledHost, Diagnostic>;
}

export function createCompiledHostMemos(): CompiledHostMemos {
  return {
    rules: createListMemo(),
    references: createConcatMemo(({ references }) => references),
    regexes: createConcatMemo(({ regexes }) => regexes),
    secretTokens: createConcatMemo(({ secretTokens }) => secretTokens),
    diagnostics: createConcatMemo(({ diagnostics }) => diagnostics),
  };
}

/** Returns the parts of compiled hosts as lists, in the order of the hosts. */
export function listHostParts(hosts: readonly CompiledHost[], memos: CompiledHostMemos): CompiledHostLists {
  return {
    rules: memos.rules(hosts, [], ({ rules }) => rules),
    references: memos.references(hosts),
    regexes: memos.regexes(hosts),
    secretTokens: memos.secretTokens(hosts),
    diagnostics: memos.diagnostics(hosts),
  };
}
