/** An error that an AWS service answered with, in the form of the SDK's errors, so that both clients' errors are judged by the same code. */
export class ServiceFault extends Error {
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId?: string }
  /** DynamoDB's item that failed a condition. */
  readonly Item?: unknown

  constructor(name: string, message: string, status: number, more: { readonly requestId?: string | undefined; readonly Item?: unknown }) {
    super(message)
    this.name = name
    this.$metadata = { httpStatusCode: status, ...(more.requestId === undefined ? {} : { requestId: more.requestId }) }
    if (more.Item !== undefined) this.Item = more.Item
  }
}
