/** A progress bar, shown only on a terminal, and not with --quiet. */
import type { WriteStream } from 'node:tty'

const WIDTH = 30

export function progressBar(
  out: Pick<WriteStream, 'write' | 'isTTY'>,
  quiet: boolean,
): {
  readonly show: (done: number, all: number) => void
  readonly clear: () => void
} {
  let shown = -1
  return {
    show(done, all) {
      const percent = Math.floor((done / Math.max(all, 1)) * 100)
      if (!out.isTTY || quiet || percent === shown) return
      shown = percent
      const full = Math.floor((percent / 100) * WIDTH)
      out.write(
        `\r  ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${String(percent).padStart(3)} %  ${done.toLocaleString('en-US')} of ${all.toLocaleString('en-US')}`,
      )
    },
    clear() {
      if (out.isTTY && shown >= 0) out.write('\r\u001b[2K')
    },
  }
}
