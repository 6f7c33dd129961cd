/**
 * Filters the contents by what is typed: in the path and the summary, and in the text of the operation. Objects and problems are listed
 * only if they are found, because there are many.
 */
const box = document.querySelector('.find')
const input = box.querySelector('input')
const reference = document.querySelector('nav a[href="#problems"]').closest('ul')
const listed = [...document.querySelectorAll('nav li')].map((item) => {
  const link = item.querySelector('a')
  const part = document.getElementById(link.hash.slice(1))
  const text = part?.matches('section') ? part.textContent : ''
  return { item, words: `${link.textContent} ${link.title} ${text}`.toLowerCase(), isExtra: false }
})
const known = new Set([...document.querySelectorAll('nav a')].map(({ hash }) => hash.slice(1)))
const extras = [...document.querySelectorAll('main section[id], main tr[id]')]
  .filter(({ id }) => !known.has(id))
  .map((part) => {
    const [item, link] = [document.createElement('li'), document.createElement('a')]
    link.href = `#${part.id}`
    link.textContent = part.id
    item.append(link)
    item.hidden = true
    reference.append(item)
    return { item, words: part.textContent.toLowerCase(), isExtra: true }
  })
const entries = [...listed, ...extras]
const headings = [...document.querySelectorAll('nav h2')]

function filter() {
  const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean)
  for (const { item, words, isExtra } of entries)
    item.hidden = (isExtra && wanted.length === 0) || !wanted.every((word) => words.includes(word))
  for (const heading of headings) heading.hidden = [...heading.nextElementSibling.children].every(({ hidden }) => hidden)
}

box.hidden = false
input.addEventListener('input', filter)
// On a small screen the contents would hide the page.
if (matchMedia('(max-width: 56rem)').matches) document.querySelector('nav details').open = false
