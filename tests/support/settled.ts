import type { Effect } from "../../lib/chat/effect.ts";
import type { Hub } from "../../lib/chat/hub.ts";
import type { Store } from "../../lib/chat/store.ts";

/** Does what a hub asks of its store, until it asks for nothing more; the effects are all others, in order. */
export function settled(hub: Hub, store: Store, now: number, wall = now): Effect[] {
  const others: Effect[] = [];
  for (;;) {
    hub.flush(now, wall);
    const effects = hub.takeOutputs();
    if (effects.length === 0) return others;
    let fails = false;
    for (const effect of effects) {
      // With a batch all fail that were to follow it.
      if (effect.type === "append") fails ||= !append(hub, store, effect, now);
      else if (effect.type === "query") query(hub, store, effect);
      else others.push(effect);
    }
  }
}

/** Whether the batch is committed. */
function append(hub: Hub, store: Store, { batch }: Extract<Effect, { type: "append" }>, now: number): boolean {
  try {
    store.append(batch);
  } catch (error) {
    hub.notCommitted((error as Error).message, now);
    return false;
  }
  hub.committed();
  return true;
}

function query(hub: Hub, store: Store, { id, query }: Extract<Effect, { type: "query" }>): void {
  try {
    hub.answered(id, store.query(query));
  } catch (error) {
    hub.answered(id, { failed: (error as Error).message });
  }
}
