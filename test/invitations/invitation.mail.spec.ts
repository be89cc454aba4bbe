import { type InvitationMail, renderInvitation } from '../../src/invitations/invitation.mail.js';

const invitation: InvitationMail = {
  locale: 'en',
  organizationName: 'Acme',
  productName: 'Acme Pro',
  inviter: 'Grace Hopper',
  email: 'ada@example.com',
  url: 'https://seats.example.com/claim?token=abc&x=1',
  expiresAt: new Date('2026-11-23T22:05:00Z'),
  brand: {},
};
const render = (more: Partial<InvitationMail> = {}) => renderInvitation({ ...invitation, ...more });

describe('An invitation mail', () => {
  it.each([
    ['en', 'Grace Hopper invited you to Acme Pro', 'Monday, November 23, 2026 at 10:05 PM UTC'],
    ['en-GB', 'Grace Hopper invited you to Acme Pro', 'Monday, 23 November 2026 at 22:05 UTC'],
    ['de', 'Grace Hopper hat Sie zu Acme Pro eingeladen', 'Montag, 23. November 2026 um 22:05 UTC'],
    ['fr', 'Grace Hopper vous invite à utiliser Acme Pro', 'lundi 23 novembre 2026 à 22:05 UTC'],
    ['es', 'Grace Hopper le invita a usar Acme Pro', 'lunes, 23 de noviembre de 2026, 22:05 UTC'],
  ])(
    'A mail in the locale %s has a localized subject, and the expiry in both parts',
    (locale, subject, expiry) => {
      const mail = render({ locale });
      expect(mail.subject).toBe(subject);
      expect(mail.html).toContain(expiry);
      expect(mail.text).toContain(expiry);
    },
  );

  it.each(['pt-BR', 'xx', '', 'not a locale'])(
    'A mail in the unsupported locale "%s" is in English',
    (locale) => {
      expect(render({ locale })).toEqual(render({ locale: 'en' }));
    },
  );

  it('The text part contains all names and the link', () => {
    const { text } = render({ productName: 'Umbrella' });
    for (const part of ['Acme', 'Umbrella', 'Grace Hopper', 'ada@example.com', invitation.url]) {
      expect(text).toContain(part);
    }
  });

  it('The HTML part contains all names, and the link as a button and as text', () => {
    const { html } = render();
    const link = 'https://seats.example.com/claim?token=abc&amp;x=1';
    expect(html.split(`href="${link}"`)).toHaveLength(3);
    expect(html).toContain(`>${link}</a>`);
    expect(html).toContain('Grace Hopper has invited you to use Acme Pro.');
    expect(html).toContain('Acme has reserved a seat for ada@example.com.');
  });

  it('A mail without an inviter does not name one', () => {
    const { subject, text } = render({ inviter: null });
    expect(subject).toBe('You are invited to Acme Pro');
    expect(text).toContain('You have been invited to use Acme Pro.');
  });

  it('The HTML part escapes every name', () => {
    const script = '<script>alert("1")</script>';
    const { html } = render({
      organizationName: script,
      productName: script,
      inviter: script,
      email: `"${script}"@example.com`,
      url: `https://seats.example.com/"${script}`,
    });
    expect(html).not.toContain('<script');
    expect(html).not.toContain('com/"<');
  });

  it('The text part does not escape names', () => {
    expect(render({ productName: 'R&D "Pro"' }).text).toContain('R&D "Pro"');
  });

  it('The subject is one line, even if a name contains line breaks', () => {
    const { subject } = render({ productName: 'Pro\r\nBcc: all@example.com\u2028x' });
    expect(subject).toBe('Grace Hopper invited you to Pro Bcc: all@example.com x');
  });

  it('A name cannot inject a line into the text part', () => {
    const { text } = render({ inviter: 'Eve\n\nPay here: https://evil.example' });
    expect(text).not.toMatch(/^Pay here/m);
  });

  it('The subject has a limited length', () => {
    const long = 'x'.repeat(5000);
    expect(render({ productName: long, inviter: long }).subject.length).toBeLessThan(200);
  });

  it('The mail shows the brand of the organization', () => {
    const { html } = render({
      brand: {
        color: '#fde047',
        logo_url: 'https://cdn.example.com/logo.png',
        support_url: 'https://acme.example/help',
      },
    });
    expect(html).toContain('bgcolor="#fde047"');
    expect(html).toContain('color:#1d1c1a; text-decoration:none');
    expect(html).toContain('src="https://cdn.example.com/logo.png" alt="Acme"');
    expect(html).toContain('href="https://acme.example/help"');
  });

  it('The mail omits unsafe values of the brand', () => {
    const { html, text } = render({
      brand: {
        color: '#000" onclick="x',
        logo_url: 'javascript:alert(1)',
        support_url: 'javascript:alert(2)',
      },
    });
    expect(html).not.toContain('onclick');
    expect(html + text).not.toContain('javascript:');
  });
});
