import { contrast, safeBrand } from '../../src/invitations/brand.js';

describe('The color of a brand', () => {
  it.each([
    ['#0F766E', '#0f766e'],
    ['#abc', '#aabbcc'],
  ])('The color %s is accepted', (color, expected) => {
    expect(safeBrand({ color }).color).toBe(expected);
  });

  it.each(['red', '#12345', '#fff;}body{display:none', '"><script>', 'url(https://evil.example)'])(
    'The color %s is refused',
    (color) => {
      expect(safeBrand({ color }).color).toBeUndefined();
    },
  );

  it('Every color has a readable text color', () => {
    const steps = ['00', '33', '66', '77', '99', 'cc', 'ff'];
    const colors = steps.flatMap((r) => steps.flatMap((g) => steps.map((b) => `#${r}${g}${b}`)));
    const worst = colors.map((color) => contrast(color, safeBrand({ color }).onColor));
    // WCAG requires 3:1 for large text and controls. With two text colors, the best possible
    // contrast for mid greys is about 4.1.
    expect(Math.min(...worst)).toBeGreaterThan(4);
  });
});

describe('The URLs of a brand', () => {
  it('The logo has the origin that a content security policy must allow', () => {
    const brand = safeBrand({ logo_url: 'https://cdn.example.com/logo.png?x=1' });
    expect(brand.logoOrigin).toBe('https://cdn.example.com');
  });

  it.each([
    'javascript:alert(1)',
    'data:image/svg+xml,<svg onload=alert(1)>',
    '//evil.example/x',
    'https://evil;script-src/x',
    'nothing',
  ])('The URL %s is refused', (url) => {
    const { logoUrl, logoOrigin, supportUrl } = safeBrand({ logo_url: url, support_url: url });
    expect([logoUrl, logoOrigin, supportUrl]).toEqual([undefined, undefined, undefined]);
  });

  it('Quotes in a URL are percent-encoded', () => {
    expect(safeBrand({ logo_url: 'https://a.example/"><script>' }).logoUrl).toBe(
      'https://a.example/%22%3E%3Cscript%3E',
    );
  });

  it('The support URL can be an e-mail address', () => {
    expect(safeBrand({ support_url: 'mailto:help@example.com' }).supportUrl).toBe(
      'mailto:help@example.com',
    );
  });
});
