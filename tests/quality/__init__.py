"""Quality: what an article is, scored on labelled pages.

The tests here pin floors on pages of our own. ``make quality DATA=FOLDER`` scores a folder with any of these, pages gzipped:

* ``pages/aeb``: ``gold.json`` (key → ``articleBody``, ``url``) and ``KEY.html.gz``, as the article extraction benchmark has it
* ``pages/fundus``: ``index.json`` (page → ``url``, ``gold``, ``version``), ``COUNTRY/PUBLISHER.json``, as Fundus has it
* ``pages/arabic_script``: ``gold.json`` (page → ``url`` and ``date``, ``text``, ``title``, ``authors`` where known)
"""
