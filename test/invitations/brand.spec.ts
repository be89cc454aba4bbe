import { contrast, safeBrand } from '../../src/invitations/brand.js';

describe('the colour of a brand', () => {
  it.each([
    ['#0F766E', '#0f766e'],
    ['#abc', '#aabbcc'],
  ])('%s is taken', (color, expected) => {
    expect(safeBrand({ color }).color).toBe(expected);
  });

  it.each(['red', '#12345', '#fff;}body{display:none', '"><script>', 'url(https://evil.example)'])(
    '%s is refused',
    (color) => {
      expect(safeBrand({ color }).color).toBeUndefined();
    },
  );

  it('gets a text colour that can be read on it, whatever it is', () => {
    const steps = ['00', '33', '66', '77', '99', 'cc', 'ff'];
    const colors = steps.flatMap((r) => steps.flatMap((g) => steps.map((b) => `#${r}${g}${b}`)));
    const worst = colors.map((color) => contrast(color, safeBrand({ color }).onColor));
    // 3:1 is what WCAG asks of large text and of controls; no pair of two colours does more for
    // every mid grey than about 4.1.
    expect(Math.min(...worst)).toBeGreaterThan(4);
  });
});

describe('the addresses of a brand', () => {
  it('a logo shows the origin that a page must allow', () => {
    const brand = safeBrand({ logo_url: 'https://cdn.example.com/logo.png?x=1' });
    expect(brand.logoOrigin).toBe('https://cdn.example.com');
  });

  it.each([
    'javascript:alert(1)',
    'data:image/svg+xml,<svg onload=alert(1)>',
    '//evil.example/x',
    'https://evil;script-src/x',
    'nothing',
  ])('%s is refused', (url) => {
    const { logoUrl, logoOrigin, supportUrl } = safeBrand({ logo_url: url, support_url: url });
    expect([logoUrl, logoOrigin, supportUrl]).toEqual([undefined, undefined, undefined]);
  });

  it('quotes in an address are percent-encoded', () => {
    expect(safeBrand({ logo_url: 'https://a.example/"><script>' }).logoUrl).toBe(
      'https://a.example/%22%3E%3Cscript%3E',
    );
  });

  it('help may be an e-mail address', () => {
    expect(safeBrand({ support_url: 'mailto:help@example.com' }).supportUrl).toBe(
      'mailto:help@example.com',
    );
  });
});
