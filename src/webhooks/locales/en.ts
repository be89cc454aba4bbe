/** The texts of the mail that tells of a disabled endpoint. */
export const en = {
  subject: 'A webhook endpoint was disabled',
  heading: 'A webhook endpoint was disabled',
  intro: (organization: string) =>
    `We have stopped sending the events of ${organization} to this address:`,
  gone: 'It answered 410 Gone, which asks us to stop.',
  failing: 'It has failed for 5 days without one success.',
  when: 'Since',
  next: 'When it works again, enable the endpoint: what has waited for it is sent then. What happens until then is not sent; the list of events has it.',
};

export type Texts = typeof en;
