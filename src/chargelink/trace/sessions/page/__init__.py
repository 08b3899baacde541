"""The sessions of a recording as one page: a file without network, in both languages, for screens, phones and paper.

- `document`  the page
- `session`   one session on it
- `timeline`  phases and violations over time
- `plots`     curves
- `axes`      where a value is drawn, and what is written beside it
- `markup`    HTML in which everything that comes from outside is escaped
- `words`     what the page says
- `style.css`, `page.js`  how it looks, and reading values off the curves
"""
