/** Texts behind name and version, by what they are about; the version of the metadata is 2.5 unless they begin with one. */
export const metadataCases: Record<string, string[]> = {
  'Metadata-Version': [
    '1.0',
    '1.1',
    '1.2',
    '2.0',
    '2.1',
    '2.2',
    '2.3',
    '2.4',
    '2.5',
    '2.6',
    '3.0',
    '9',
    '2.01',
    'two'
  ],
  Name: [
    'a',
    'A',
    'herald',
    'herald-ng',
    'herald_ng',
    'herald.ng',
    'a--b',
    'h1',
    '1',
    '-a',
    'a-',
    '.a',
    'a_',
    'a b',
    'a!',
    'é',
    'a/b',
    'a'.repeat(200),
    'a\u0130'
  ],
  Version: [
    ...[
      '1',
      '1.0',
      'v1.0',
      '1.0.0.0.0',
      '1!2.0',
      '1.0a1',
      '1.0-alpha.1',
      '1.0rc',
      '1.0c1',
      '1.0.post1',
      '1.0-1',
      '1.0-r4'
    ],
    ...[
      '1.0.dev1',
      '1.0.DEV',
      '1.0a1.post2.dev3',
      '1.0+local',
      '1.0+g1234.d2',
      '1.0.',
      '1..0',
      'one',
      '1.0-',
      '1.0beta-',
      '1.0_1',
      '2024.01.02'
    ]
  ],
  Summary: [
    'x',
    'x'.repeat(512),
    'x'.repeat(513),
    'é'.repeat(512),
    'two\n        lines',
    'form\ffeed',
    'next\u0085line',
    'separator\u2028line',
    'a tab\tis fine'
  ],
  'Author-email': [
    ...[
      'a@b.example',
      'A B <a@b.example>',
      '"A, B" <a@b.example>',
      'a+b@b.example',
      'a.b@b-c.example',
      'é@b.example',
      'a@bücher.example'
    ],
    ...[
      'a@b',
      'a',
      'a@',
      '@b.example',
      'a@localhost',
      'a@x.local',
      'a@x.test',
      'a@x.invalid',
      'a b@c.example',
      'a..b@c.example',
      '.a@c.example'
    ],
    ...[
      'a@b..example',
      'a@-b.example',
      'a@b.example1',
      'a@b.123',
      'A B',
      '<a@b.example>',
      'A <a>',
      'UNKNOWN',
      'a@b_c.example',
      'a@127.0.0.1',
      `${'a'.repeat(70)}@b.example`
    ]
  ],
  Classifier: [
    ...[
      'Programming Language :: Python',
      'Programming Language :: Python :: 3',
      'License :: OSI Approved :: MIT License',
      'Framework :: Django :: 5.0'
    ],
    ...[
      'Typing :: Typed',
      'Topic :: Internet :: WWW/HTTP',
      'Private :: Do Not Upload',
      'Natural Language :: Ukranian',
      'programming language :: python'
    ],
    ...[
      'Programming Language :: Pythn',
      'License :: OSI Approved :: Jabber Open Source License',
      ' :: ',
      'Development Status :: 5 - Production/Stable'
    ]
  ],
  'Home-page': [
    ...[
      'https://a.example',
      'http://a.example/',
      'HTTPS://A.example/x?y=z#f',
      'https://a.example:8080/x',
      'https://u:p@a.example/',
      'https://[::1]/'
    ],
    ...[
      'ftp://a.example',
      'a.example',
      '//a.example',
      'https://a.example/a b',
      'https://a.example/é',
      'https://a.example/%20',
      'https://a.example/?q=a b'
    ],
    ...[
      'https://a.example:99999/',
      'https://a_b.example/',
      'mailto:a@b.example',
      'https:a',
      'https://',
      'UNKNOWN',
      'https://a.example/[x]',
      'https://a.example/x#a b',
      'git@a.example:x/y',
      'https://a.example/(x)'
    ]
  ],
  'Project-URL': [
    'Home, https://a.example',
    'Home,https://a.example',
    'Home',
    ', https://a.example',
    'Home, ',
    `${'x'.repeat(32)}, https://a.example`,
    `${'x'.repeat(33)}, https://a.example`,
    'A, b.example',
    'A, https://a.example\nProject-URL: A, https://b.example',
    'A, https://a.example\nProject-URL: a, https://b.example',
    'A, https://a.example/x,y'
  ],
  'Description-Content-Type': [
    ...[
      'text/plain',
      'text/markdown',
      'text/x-rst',
      'TEXT/Markdown',
      'text/markdown; charset=UTF-8',
      'text/markdown; charset=utf-8; variant=GFM'
    ],
    ...[
      'text/markdown; variant=CommonMark',
      'text/markdown; variant=gfm',
      'text/markdown; variant=MultiMarkdown',
      'text/plain; variant=x',
      'text/html',
      'markdown'
    ],
    ...[
      'text/markdown; charset=latin-1',
      'text/markdown; charset="UTF-8"',
      'text/markdown;variant=GFM',
      'text/x-rst; charset=ascii',
      'text/rst',
      '; text/plain'
    ]
  ],
  'Requires-Dist': [
    ...[
      'a',
      'a>=1',
      'a >=1, <2',
      'a (>=1,<2)',
      'a[x]',
      'a[x,y]>=1',
      'a[]',
      "a; python_version < '3.8'",
      'a>=1; extra == "x"',
      "a ; os_name == 'nt' and (python_version<'3' or sys_platform=='x')"
    ],
    ...[
      "a; 'x' in platform_version",
      "a; platform_machine not in 'x y'",
      'a==1.*',
      'a!=1.2.*',
      'a~=1.2',
      'a~=1',
      'a===weird',
      'a>=1.*',
      'a>1+local',
      'a==1+local'
    ],
    ...[
      'a @ https://b.example/c.whl',
      'a@https://b.example',
      "a @ https://b.example ; python_version<'3'",
      'a>',
      'a>=',
      'a 1',
      '1a',
      '-a',
      'a b',
      'a[x',
      'a[x y]',
      'a;'
    ],
    ...[
      'a; python_version',
      'a; python_version < 3',
      "a; foo == 'x'",
      "a; python_version < '3' and",
      'a>=1 <2',
      'a (>=1',
      'a>=1;extra=="x"',
      'a,b',
      'a>=1,',
      'a>=1,,<2',
      "a; extra == 'x' or extra == 'y'",
      "a; 'x' == 'x'",
      'a>=1.0.dev0',
      'a<2.0a1',
      'a>=v1'
    ],
    ...[
      "a; 'linux' in sys_platform",
      "a; os.name == 'x'",
      "a; python_implementation == 'x'",
      'a; (python_version<"3")',
      'A.b_c-d>=1',
      'a>=1 ; python_version>"3"  '
    ]
  ],
  'Provides-Dist': ['a', 'a (1.0)', 'a @ https://x.example'],
  'Obsoletes-Dist': ['a', 'a!'],
  'Requires-Python': [
    '>=3',
    '>=3.8',
    '>= 3.8',
    '>=3.8,<4',
    '!=3.9.*',
    '~=3.8',
    '==3.*',
    '>=3.8.*',
    '3.8',
    '>3.8+',
    '3.8+',
    '=>3.8',
    '>=3.8 <4',
    '>=3.8;<4',
    '>=3.8,',
    '',
    '*',
    '>=3.8, !=3.9.0, !=3.9.1',
    '^3.8',
    '===3.8',
    '>=3.8dev',
    '<4.0rc1',
    '>=3.8.post1',
    '>= 3.8 , < 4'
  ],
  'Provides-Extra': ['x', 'x-y', 'x_y', 'X.y', 'x!', '-x', 'x y', ''],
  'License-Expression': [
    ...[
      'MIT',
      'mit',
      'Apache-2.0',
      'MIT OR Apache-2.0',
      'MIT or Apache-2.0',
      'MIT AND (Apache-2.0 OR BSD-3-Clause)',
      'GPL-2.0-or-later',
      'GPL-2.0+',
      'GPL-2.0-only WITH Classpath-exception-2.0'
    ],
    ...[
      'LicenseRef-Mine',
      'LicenseRef-My.Own-1',
      'LicenseRef-a_b',
      'licenseref-x',
      'MIT Apache-2.0',
      'MIT OR',
      'OR MIT',
      '(MIT',
      'MIT)',
      '()',
      'Apache 2.0',
      'Proprietary',
      'MIT WITH',
      'MIT WITH MIT'
    ],
    ...[
      'MIT WITH Classpath-exception-2.0 WITH Classpath-exception-2.0',
      '(MIT) WITH Classpath-exception-2.0',
      'MIT (Apache-2.0)',
      '((MIT))',
      'MIT/X11',
      'BSD',
      'Classpath-exception-2.0',
      'LicenseRef-',
      'MIT AND (OR MIT)',
      'LicenseRef-x+',
      'Unlicense',
      'NOT MIT',
      'MIT WITH (Classpath-exception-2.0)'
    ]
  ],
  'License-File': [
    'LICENSE',
    'licenses/MIT.txt',
    '../LICENSE',
    '/LICENSE',
    'C:/LICENSE',
    'a\\b',
    './LICENSE',
    'a//b',
    'LICEN[CS]E*',
    'a..b',
    'a/'
  ],
  License: [
    'MIT',
    'MIT\nLicense-Expression: MIT',
    '\nLicense-Expression: MIT',
    'a\n        long\n        text'
  ],
  Dynamic: [
    'Summary',
    'summary',
    'Name',
    'Version',
    'Metadata-Version',
    'Foo',
    'License-File',
    'Import-Name',
    'Requires',
    'Classifier\nDynamic: Platform',
    'Dynamic'
  ],
  'Import-Name': [
    'herald',
    'herald.news',
    '_x',
    'class',
    'herald.class',
    'a-b',
    '1a',
    'a; private',
    'a;private',
    'a ; private',
    'a; public',
    'a;',
    '',
    'a..b',
    'é',
    'match',
    'None'
  ],
  'Import-Namespace': ['herald', 'a b', 'a; private'],
  Twice: [
    'x\nSummary: a\nSummary: b',
    'x\nKeywords: a\nKeywords: b',
    'x\nLicense: a\nLicense: b',
    'x\nHome-page: https://a.example\nHome-page: https://a.example',
    'x\nRequires-Python: >=3\nRequires-Python: <4',
    'x\nPlatform: a\nPlatform: b'
  ],
  'too new': [
    ...[
      '1.0\nDownload-URL: https://a.example',
      '1.0\nClassifier: Typing :: Typed',
      '1.1\nClassifier: Typing :: Typed',
      '1.1\nRequires-Dist: a',
      '1.2\nRequires-Dist: a',
      '1.2\nProvides-Extra: x',
      '2.1\nProvides-Extra: x'
    ],
    ...[
      '1.2\nDescription-Content-Type: text/plain',
      '2.1\nDynamic: Summary',
      '2.2\nDynamic: Summary',
      '2.3\nLicense-Expression: MIT',
      '2.4\nLicense-Expression: MIT',
      '2.4\nImport-Name: a',
      '2.1\nLicense-File: L',
      '1.1\nMaintainer: x',
      '1.0\nPlatform: x',
      '1.0\nRequires: x'
    ]
  ],
  description: [
    ...[
      '',
      '\n',
      '   \n\n',
      'Plain.\n',
      'Title\n=====\n\nText with ``code`` and `a link <https://a.example>`_.\n',
      'Title\n====\n\nText\n',
      'A title\n---\n\nText\n'
    ],
    ...[
      'See :class:`Herald`.\n',
      'See :func:`a.b` and :ref:`x`.\n',
      '``:class:`x` ``\n',
      'See :code:`x` and :sup:`2`.\n',
      '.. include:: x.rst\n',
      '.. raw:: html\n\n   <b>x</b>\n',
      '.. automodule:: herald\n',
      '.. toctree::\n\n   x\n'
    ],
    ...[
      '.. note:: Hello\n',
      '.. code-block:: python\n\n   .. automodule:: x\n',
      '::\n\n   .. toctree::\n\n   See :ref:`x`\n',
      'Example::\n\n   :class:`x`\n\nBack.\n',
      '.. a comment :ref:`x`\n   .. toctree::\n\nText\n',
      'Text\n.. toctree::\n',
      '>>> print(":ref:`x`")\n'
    ],
    ...[
      '.. role:: mine\n\n:mine:`x`\n',
      '.. |a| image:: https://a.example/a.png\n\n|a|\n',
      '* item ::\n\n    .. foo::\n\n* item\n',
      '.. image:: https://a.example/a.png\n   :alt: :ref:`x`\n',
      'Text ``a\nb :ref:`x` c`` d\n',
      '.. Todo:: x\n',
      '.. versionadded:: 1.0\n',
      '=====\nTitle\n=====\n\nText\n',
      'Term\n  Definition :pypi:`x`\n',
      '- a list :issue:`3`\n',
      '.. math::\n\n   :ref:`x`\n',
      '| line :ref:`x`\n',
      ':Author: Me\n:Date: :ref:`x`\n',
      'Quote::\n\n> :ref:`x`\n\nText\n'
    ]
  ]
}
