"""HTML to clean text and metadata: the page and its feed entry become one ``Extraction``. Pure, picklable, never raises.

* ``document`` bytes to a tree, its ``<meta>`` and JSON-LD · ``headline`` the title
* ``blocks`` a page as blocks of text · ``frame`` which element holds the article · ``remains`` lines that are the page's
* ``body`` the text, from all of these, and the readers' comments · ``access`` paywalls and consent pages
* ``datewords`` written dates to instants · ``evidence`` what speaks for a date · ``dates`` the decision
* ``language`` · ``people`` authors · ``links`` canonical address, picture, tags
"""

from aggregator.extract.article import EXTRACTOR, extract_article

__all__ = ["EXTRACTOR", "extract_article"]
