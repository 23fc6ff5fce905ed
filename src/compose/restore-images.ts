// An image that was removed under the living program (`docker image prune -a`, say) is made again: an invocation that misses it has the catalog
// look at its plugin anew. That invocation has failed; those after the build are served.
import type { EventBus } from '../observe/event-bus.ts';
import type { Plugins } from '../plugins/plugins.ts';

export function restoreImages(events: Pick<EventBus, 'subscribe'>, plugins: Pick<Plugins, 'lookAgain'>): Disposable {
  return events.subscribe((event) => {
    if (event.kind !== 'invocationFinished') return;
    const { outcome, plugin } = event.invocation;
    if (outcome?.code === 'image') plugins.lookAgain(plugin);
  });
}
