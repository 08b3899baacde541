// Elements made from words; text is always text, so nothing that a device says can become markup.

/** An element with attributes and children; null children are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Show another text without touching what is equal: a screen reader reads changes aloud. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Keep a container's children equal to a list, in its order; what stays keeps its element, its focus and its state.
 * `create(item)` makes an element; its `update(item)` is called at every change.
 */
export function keep(container, items, keyOf, create) {
  const old = new Map([...container.children].map((child) => [child.dataset.key, child]));
  let before = container.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = old.get(key);
    if (child === undefined) {
      child = create(item);
      child.dataset.key = key;
    }
    old.delete(key);
    child.update?.(item);
    if (child === before) before = before.nextElementSibling;
    else container.insertBefore(child, before);
  }
  for (const child of old.values()) {
    child.leave?.();
    child.remove();
  }
  const empty = container.parentElement.querySelector(":scope > .empty");
  if (empty) empty.hidden = items.length > 0;
}
