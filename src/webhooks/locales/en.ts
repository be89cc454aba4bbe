/** The texts of the mail about a disabled endpoint. */
export const en = {
  subject: 'A webhook endpoint was disabled',
  heading: 'A webhook endpoint was disabled',
  intro: (organization: string) =>
    `We have stopped sending the events of ${organization} to this address:`,
  gone: 'It answered 410 Gone, which asks us to stop.',
  failing: 'It has failed for 5 days without one success.',
  when: 'Since',
  next: 'Once the endpoint works again, enable it, and the events that are waiting will be sent. Events that occur while it is disabled are not sent; you can read them from the list of events.',
};

export type Texts = typeof en;
