/** Filters the contents by what is typed: in the path and the summary, and in the text of the operation. */
const box = document.querySelector('.find')
const input = box.querySelector('input')
const entries = [...document.querySelectorAll('nav li')].map((item) => {
  const link = item.querySelector('a')
  const part = document.getElementById(link.hash.slice(1))
  const text = part?.matches('section') ? part.textContent : ''
  return { item, words: `${link.textContent} ${link.title} ${text}`.toLowerCase() }
})
const headings = [...document.querySelectorAll('nav h2')]

function filter() {
  const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean)
  for (const { item, words } of entries) item.hidden = !wanted.every((word) => words.includes(word))
  for (const heading of headings) heading.hidden = [...heading.nextElementSibling.children].every(({ hidden }) => hidden)
}

box.hidden = false
input.addEventListener('input', filter)
// On a small screen the contents would hide the page.
if (matchMedia('(max-width: 56rem)').matches) document.querySelector('nav details').open = false
