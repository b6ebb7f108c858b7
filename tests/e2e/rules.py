"""What a page has to keep to, asked in the browser: the rules of axe, and geometry that axe does not know."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT

# WCAG 2.2 A and AA with what axe calls best practice. Named tags also bring `target-size`, which is off otherwise.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


RUN = """(options) => axe.run(document, options)
  .then((found) => found.violations.map((one) => [one.id, one.nodes[0].html.slice(0, 120), one.nodes.length]))"""


def violations(page: Any) -> list[tuple[str, str, int]]:
    """Broken rules of a page that is open: rule, the first element that breaks it, and how many do."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"], "preload": False}
    return [(rule, html, count) for rule, html, count in page.evaluate(RUN, options)]


def settle(page: Any) -> None:
    """Bring every animation to its end, so that no colour is measured half-way."""
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")


def too_wide(page: Any) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


# What can be reached and used: not what a closed dialog or popover holds. A box inside a label is as large as the label.
_REACHED = """
const selector = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
const open = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && !one.closest('[inert]');
const reached = [...document.querySelectorAll(selector)].filter(open);
const named = (one) => one.outerHTML.slice(0, 90).replace(/\\s+/g, ' ');
"""

# WCAG 2.5.8: 24 by 24 pixels, or a circle of 24 around its middle that touches no other target; links inside a sentence are let off,
# and so are bars and points of a chart, whose links are in the chart's table as well.
TARGETS = f"""() => {{ {_REACHED}
  const box = (one) => (one.matches('[type=checkbox], [type=radio]') && one.closest('label') || one).getBoundingClientRect();
  const inText = (one) => one.matches('a') && getComputedStyle(one).display === 'inline'
    && [...one.parentElement.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim().length > 1);
  const all = reached.map((one) => ({{ one, rect: box(one) }})).filter(({{ rect }}) => rect.width > 1 && rect.height > 1);
  const small = ({{ rect }}) => rect.width < 23.5 || rect.height < 23.5;
  const middle = (rect) => [rect.left + rect.width / 2, rect.top + rect.height / 2];
  const near = (a, b) => {{
    const [x, y] = middle(a.rect);
    const dx = Math.max(b.rect.left - x, 0, x - b.rect.right), dy = Math.max(b.rect.top - y, 0, y - b.rect.bottom);
    if (Math.hypot(dx, dy) < 12) return true;
    const [p, q] = middle(b.rect);
    return small(b) && Math.hypot(p - x, q - y) < 24;
  }};
  const apart = (a, b) => b !== a && !a.one.contains(b.one) && !b.one.contains(a.one);
  const tell = ({{ one, rect }}) => `${{Math.round(rect.width)}}x${{Math.round(rect.height)}} ${{named(one)}}`;
  const twin = (one) => one.closest('figure.chart') && one.closest('svg');
  return all.filter((a) => small(a) && !inText(a.one) && !twin(a.one) && all.some((b) => apart(a, b) && near(a, b))).map(tell);
}}"""

# WCAG 2.4.11: nothing else may cover all of what has the focus.
OBSCURED = f"""() => {{ {_REACHED}
  const bad = [];
  for (const one of reached) {{
    one.focus();
    if (document.activeElement !== one) continue;
    const rect = (one.matches('[type=checkbox], [type=radio]') && one.closest('label') || one).getBoundingClientRect();
    if (rect.width <= 1 || rect.height <= 1) continue;
    const points = [[.5, .5], [.1, .5], [.9, .5], [.5, .1], [.5, .9]].map(([x, y]) => [rect.left + rect.width * x, rect.top + rect.height * y]);
    const seen = points.some(([x, y]) => {{
      const top = document.elementFromPoint(x, y);
      return top && (one.contains(top) || top.contains(one) || one.closest('label')?.contains(top) || top.closest('label')?.contains(one));
    }});
    if (!seen) bad.push(named(one));
  }}
  document.activeElement?.blur();
  scrollTo(0, 0);
  return bad;
}}"""

# Words that their box cuts off or does not hold. What scrolls, and what ends in an ellipsis on purpose, is let off.
CLIPPED = """() => {
  const bad = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const holder = node.parentElement;
    if (!node.textContent.trim() || holder.closest('script, style, noscript, option, textarea, [hidden], .vh')) continue;
    if (!holder.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect();
    if (text.width <= 1 || text.height <= 1) continue;
    const tell = (how) => bad.add(`${how}: “${node.textContent.trim().slice(0, 40)}” in ${holder.cloneNode(false).outerHTML.slice(0, 60)}`);
    const frame = holder.closest('.btn, button, .badge, .tag, .chip, .tb');
    if (frame) {
      const box = frame.getBoundingClientRect();
      const out = text.right > box.right + 1 || text.left < box.left - 1 || text.bottom > box.bottom + 1;
      if (box.width > 1 && out && getComputedStyle(holder).textOverflow !== 'ellipsis') tell('spills');
    }
    let scrolls = false;
    for (let one = holder; one && one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one), box = one.getBoundingClientRect();
      if (box.width <= 1 || box.height <= 1 || style.textOverflow === 'ellipsis' || style.webkitLineClamp !== 'none') { scrolls = true; break; }
      if (/auto|scroll/.test(style.overflowX + style.overflowY)) { scrolls = true; break; }
      if (/hidden|clip/.test(style.overflowX) && text.right > box.right + 1) tell('cut off');
      if (/hidden|clip/.test(style.overflowY) && text.bottom > box.bottom + 1) tell('cut off below');
    }
    if (!scrolls && text.right > innerWidth + 1 && !holder.closest('[popover], dialog')) tell('outside');
  }
  return [...bad];
}"""

# Every word two fifths longer, as other languages may be.
LENGTHEN = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode())
    if (!node.parentElement.closest('script, style, code, .mono, time, data'))
      node.textContent = node.textContent.replace(/(?<![\\p{L}\\d@#.:-])\\p{L}{3,}(?![\\d@#:-])/gu, (word) => word + 'e'.repeat(Math.ceil(word.length * .4)));
}"""

# Script and style that a page carries in itself.
INLINE = """() => [...document.querySelectorAll('script:not([src]), style, [style], [onclick], [onchange], [onsubmit], [onload], [onerror]')]
  .map((one) => one.cloneNode(false).outerHTML.slice(0, 90))"""

# Collects what the policy refuses, from before the page's first script.
WATCH_POLICY = """window.refused = []; document.addEventListener('securitypolicyviolation', (event) => window.refused.push(
  `${event.effectiveDirective}: ${event.blockedURI}`));"""
