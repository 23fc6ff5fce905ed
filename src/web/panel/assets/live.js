// Keeps the parts of a page marked data-live-part fresh: when the stream tells of a change, the page is fetched again and those parts
// are swapped. Without this file every page still works; only the freshness is missing.
const copyButtons = () => {
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.hidden = !navigator.clipboard;
    button.onclick = async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = 'Copied';
    };
  }
};

const localTimes = () => {
  for (const time of document.querySelectorAll('time[datetime]')) {
    time.title = `${new Date(time.dateTime).toLocaleString()} local time`;
  }
};

const dress = () => {
  copyButtons();
  localTimes();
};

const swapParts = (page) => {
  for (const part of document.querySelectorAll('[data-live-part]')) {
    const fresh = page.getElementById(part.id);
    // Somebody types or reads with the keyboard in there: the next change will do.
    if (!fresh || part.contains(document.activeElement) || fresh.innerHTML === part.innerHTML) continue;
    for (const details of part.querySelectorAll('details[id]')) {
      const next = fresh.querySelector(`#${CSS.escape(details.id)}`);
      if (next) next.open = details.open;
    }
    part.replaceWith(fresh);
  }
  dress();
};

let isLoading = false;
let isStale = false;
const refresh = async () => {
  isStale = true;
  if (isLoading) return;
  isLoading = true;
  while (isStale) {
    isStale = false;
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => null);
    if (answer?.ok) swapParts(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  }
  isLoading = false;
};

// Moves a bar in place; false when the page has none for that invocation yet.
const showProgress = ({ invocation, done, total, message }) => {
  const place = document.querySelector(`[data-progress="${CSS.escape(invocation)}"]`);
  const bar = place?.querySelector('progress');
  if (!place || (total !== null && !bar)) return false;
  if (bar) {
    bar.max = total ?? 1;
    bar.value = done;
  }
  place.querySelector('span').textContent =
    `${done}${total === null ? '' : ` of ${total}`}${message ? ` · ${message}` : ''}`;
  return true;
};

const listen = (address) => {
  const source = new EventSource(address);
  const pulse = document.querySelector('[data-pulse]');
  source.onopen = () => {
    pulse.hidden = false;
  };
  source.onerror = () => {
    pulse.hidden = true;
  };
  const kinds = ['changed', 'runQueued', 'runClaimed', 'hookStarted', 'hookFinished', 'runFinished'];
  kinds.push('invocationStarted', 'invocationFinished');
  for (const kind of kinds) source.addEventListener(kind, () => void refresh());
  source.addEventListener('progress', (event) => {
    if (!showProgress(JSON.parse(event.data))) void refresh();
  });
  source.addEventListener('end', () => {
    source.close();
    pulse.hidden = true;
    void refresh();
  });
  window.addEventListener('pagehide', () => source.close());
};

dress();
if (document.body.dataset.live) listen(document.body.dataset.live);
